"""Stand-ins for three repositories that Bazel 4 would otherwise download.

Bazel 4 names rules_cc and rules_java in its own toolchain files, and
remote_coverage_tools in every cc_test. All the C++ rules it really uses are
built in, so small forwarding files are enough. Building Java is not covered.

An embedder on Bazel 4 may call this too. Declare a repository of the same name
first, and yours is used instead.
"""

_NAMES = ["rules_cc", "rules_java", "remote_coverage_tools"]

def _stand_in_impl(ctx):
    here = ctx.path(Label("//third_party/bazel4:stand_ins.bzl")).dirname
    for entry in here.get_child(ctx.attr.folder).readdir():
        ctx.symlink(entry, entry.basename)

_stand_in = repository_rule(
    implementation = _stand_in_impl,
    attrs = {"folder": attr.string(mandatory = True)},
    local = True,
)

def bazel4_stand_ins():
    for name in _NAMES:
        if not native.existing_rule(name):
            _stand_in(name = name, folder = name)
