"""Abseil 20220623: the public headers of each upstream target.

One table, two readers: packages.bzl declares these labels over Debian's
libabsl-dev, and scripts/check_includes.py holds each of our BUILD files to
naming the label whose header it includes. (The compiler would not notice: one
archive and one include folder serve all the labels.)

Not in this Abseil, so do not use them: absl/log, absl/crc, AbslStringify,
Overload, NoDestructor, nullability, base:prefetch, status:status_matchers.
"""

ABSEIL_TARGETS = {
    "absl/algorithm": {
        "algorithm": ["algorithm.h"],
        "container": ["container.h"],
    },
    "absl/base": {
        "base": ["call_once.h", "casts.h"],
        "config": ["config.h", "options.h", "policy_checks.h"],
        "core_headers": [
            "attributes.h",
            "const_init.h",
            "macros.h",
            "optimization.h",
            "port.h",
            "thread_annotations.h",
        ],
        "dynamic_annotations": ["dynamic_annotations.h"],
        "log_severity": ["log_severity.h"],
    },
    "absl/cleanup": {
        "cleanup": ["cleanup.h"],
    },
    "absl/container": {
        "btree": ["btree_map.h", "btree_set.h"],
        "fixed_array": ["fixed_array.h"],
        "flat_hash_map": ["flat_hash_map.h"],
        "flat_hash_set": ["flat_hash_set.h"],
        "inlined_vector": ["inlined_vector.h"],
        "node_hash_map": ["node_hash_map.h"],
        "node_hash_set": ["node_hash_set.h"],
    },
    "absl/debugging": {
        "failure_signal_handler": ["failure_signal_handler.h"],
        "leak_check": ["leak_check.h"],
        "stacktrace": ["stacktrace.h"],
        "symbolize": ["symbolize.h"],
    },
    "absl/flags": {
        "commandlineflag": ["commandlineflag.h"],
        "config": ["config.h", "usage_config.h"],
        "flag": ["declare.h", "flag.h"],
        "marshalling": ["marshalling.h"],
        "parse": ["parse.h"],
        "reflection": ["reflection.h"],
        "usage": ["usage.h"],
    },
    "absl/functional": {
        "any_invocable": ["any_invocable.h"],
        "bind_front": ["bind_front.h"],
        "function_ref": ["function_ref.h"],
    },
    "absl/hash": {
        "hash": ["hash.h"],
        "hash_testing": ["hash_testing.h"],
    },
    "absl/memory": {
        "memory": ["memory.h"],
    },
    "absl/meta": {
        "type_traits": ["type_traits.h"],
    },
    "absl/numeric": {
        "bits": ["bits.h"],
        "int128": ["int128.h"],
    },
    "absl/random": {
        "bit_gen_ref": ["bit_gen_ref.h"],
        "distributions": [
            "bernoulli_distribution.h",
            "beta_distribution.h",
            "discrete_distribution.h",
            "distributions.h",
            "exponential_distribution.h",
            "gaussian_distribution.h",
            "log_uniform_int_distribution.h",
            "poisson_distribution.h",
            "uniform_int_distribution.h",
            "uniform_real_distribution.h",
            "zipf_distribution.h",
        ],
        "mock_distributions": ["mock_distributions.h"],
        "mocking_bit_gen": ["mocking_bit_gen.h"],
        "random": ["random.h"],
        "seed_gen_exception": ["seed_gen_exception.h"],
        "seed_sequences": ["seed_sequences.h"],
    },
    "absl/status": {
        "status": ["status.h", "status_payload_printer.h"],
        "statusor": ["statusor.h"],
    },
    "absl/strings": {
        "cord": ["cord.h", "cord_analysis.h", "cord_buffer.h"],
        "cord_test_helpers": ["cord_test_helpers.h"],
        "str_format": ["str_format.h"],
        "strings": [
            "ascii.h",
            "charconv.h",
            "escaping.h",
            "match.h",
            "numbers.h",
            "str_cat.h",
            "str_join.h",
            "str_replace.h",
            "str_split.h",
            "string_view.h",
            "strip.h",
            "substitute.h",
        ],
    },
    "absl/synchronization": {
        "synchronization": [
            "barrier.h",
            "blocking_counter.h",
            "mutex.h",
            "notification.h",
        ],
    },
    "absl/time": {
        "time": ["civil_time.h", "clock.h", "time.h"],
    },
    "absl/types": {
        "any": ["any.h"],
        "bad_any_cast": ["bad_any_cast.h"],
        "bad_optional_access": ["bad_optional_access.h"],
        "bad_variant_access": ["bad_variant_access.h"],
        "compare": ["compare.h"],
        "optional": ["optional.h"],
        "span": ["span.h"],
        "variant": ["variant.h"],
    },
    "absl/utility": {
        "utility": ["utility.h"],
    },
}
