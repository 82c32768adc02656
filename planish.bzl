"""The project's rules: Bazel's own, with our include spelling and warnings.

Every header is included as "planish/<package>/<file>.h", in this repository and
in one that has it as @planish. A target is private unless it says otherwise.
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

_GTEST_MAIN = "@com_google_googletest//:gtest_main"

# -Werror is not here but in --config=ci.
_WARNINGS = ["-Wall", "-Wextra", "-Wconversion"]

# The library needs neither. Tests and tools keep them, as GoogleTest does, and
# the two must link: a public interface with virtual functions has no key
# function, so that each translation unit emits the type information it wants.
_LIBRARY_COPTS = _WARNINGS + ["-fno-exceptions", "-fno-rtti"]

def planish_library(name, copts = [], visibility = None, **kwargs):
    """A cc_library whose headers are planish/<package>/<file>.h.

    Args:
      name: the target; by habit the header's name without ".h".
      copts: added after the project's own.
      visibility: private when not given.
      **kwargs: as for cc_library.
    """
    cc_library(
        name = name,
        copts = _LIBRARY_COPTS + copts,
        include_prefix = "planish",
        strip_include_prefix = "/",
        visibility = visibility or ["//visibility:private"],
        **kwargs
    )

def planish_test(
        name,
        main = _GTEST_MAIN,
        size = "small",
        copts = [],
        deps = [],
        **kwargs):
    """A cc_test with GoogleTest.

    Args:
      name: the target.
      main: the label that brings main(); None when the sources have their own.
      size: as for cc_test: the time limit, 60 s when small.
      copts: added after the project's own.
      deps: what is tested.
      **kwargs: as for cc_test.
    """
    cc_test(
        name = name,
        size = size,
        copts = _WARNINGS + copts,
        deps = deps + ([main] if main else []),
        **kwargs
    )

def planish_binary(name, copts = [], visibility = None, **kwargs):
    """A cc_binary with the project's warnings."""
    cc_binary(
        name = name,
        copts = _WARNINGS + copts,
        visibility = visibility or ["//visibility:private"],
        **kwargs
    )

def planish_benchmark(
        name,
        main = "@com_github_google_benchmark//:benchmark_main",
        copts = [],
        deps = [],
        **kwargs):
    """A binary over Google Benchmark. It is no test: nothing runs it unasked.

    Args:
      name: the target.
      main: the label that brings main(); None when the sources have their own.
      copts: added after the project's own.
      deps: what is measured.
      **kwargs: as for cc_binary.
    """
    planish_binary(
        name = name,
        # As the library: what is inlined here is what an embedder would get.
        copts = ["-fno-exceptions", "-fno-rtti"] + copts,
        deps = deps + ([main] if main else []),
        **kwargs
    )

def planish_fuzz_test(name, srcs, corpus, deps = [], copts = [], tags = []):
    """One LLVMFuzzerTestOneInput, used twice.

    NAME_fuzzer is a libFuzzer binary, `manual`, for --config=fuzz.
    NAME_corpus_test is an ordinary test, which any compiler builds: it runs the
    function over each file of the corpus, and fails when there is none.

    Args:
      name: the stem of both targets.
      srcs: the sources, one with LLVMFuzzerTestOneInput.
      corpus: the files to run, for example glob(["corpus/map/*"]).
      deps: what is tested.
      copts: added after the project's own.
      tags: of both targets.
    """
    cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = srcs,
        copts = _WARNINGS + copts,
        linkopts = ["-fsanitize=fuzzer"],
        tags = tags + ["manual"],
        deps = deps,
    )
    cc_test(
        name = name + "_corpus_test",
        size = "small",
        srcs = srcs,
        args = ["$(rootpaths {})".format(label) for label in corpus],
        copts = _WARNINGS + copts,
        data = corpus,
        tags = tags,
        deps = deps + [Label("//tests/fuzz:corpus_main")],
    )
