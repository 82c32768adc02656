"""Debian's binary packages, as repositories under upstream's names and labels.

A BUILD file says @com_google_absl//absl/strings whether the library comes from
here, from Bazel's registry (MODULE.bazel) or from a checkout
(--override_repository=com_google_absl=DIR).

Headers and archives are symlinked, so Bazel sees when a package is upgraded. A
repository is looked at only when something depends on it, so an embedder needs
no package of our tests. Declare a repository of the same name before calling
debian_packages(), and yours is used instead.
"""

load(":abseil_targets.bzl", "ABSEIL_TARGETS")

_MISSING = """

    {file} is missing: the Debian package {package} is not installed.
    Run tools/setup (in Planish's folder), which installs what the build needs.
"""

def _fail_missing(ctx, file):
    fail(_MISSING.format(file = file, package = ctx.attr.package))

def _library(ctx, name):
    """Returns the path of an installed archive or shared library."""
    for folder in ctx.path("/usr/lib").readdir():
        if "-linux-" in folder.basename:
            file = folder.get_child(name)
            if file.exists:
                return file
    return _fail_missing(ctx, "/usr/lib/<machine>/" + name)

def _link_headers(ctx, names):
    """Symlinks entries of /usr/include into the folder `include`."""
    for name in names:
        path = ctx.path("/usr/include/" + name)
        if not path.exists:
            _fail_missing(ctx, path)
        ctx.symlink(path, "include/" + name)

def _debian_package_impl(ctx):
    _link_headers(ctx, ctx.attr.headers)
    for name in ctx.attr.libraries:
        ctx.symlink(_library(ctx, name), "lib/" + name)
    ctx.symlink(ctx.attr.build_file, "BUILD")
    ctx.file("WORKSPACE", "workspace(name = \"{}\")\n".format(ctx.name))

_debian_package = repository_rule(
    doc = "Headers and libraries of one package, under a given BUILD file.",
    implementation = _debian_package_impl,
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "headers": attr.string_list(mandatory = True),
        "libraries": attr.string_list(),
        "package": attr.string(mandatory = True),
    },
    local = True,
)

_ABSEIL_ROOT_BUILD = """
# One archive holds Abseil's {count} small ones, whose order on a linker's
# command line would matter; only the objects that are used get linked.
cc_library(
    name = "all",
    srcs = ["lib/libabsl.a"],
    hdrs = glob(["include/absl/**"]),
    includes = ["include"],
    linkopts = ["-pthread"],
    visibility = ["//absl:__subpackages__"],
)
"""

_ABSEIL_TARGET = """
cc_library(
    name = "{name}",
    visibility = ["//visibility:public"],
    deps = ["//:all"],
)
"""

def _debian_abseil_impl(ctx):
    _link_headers(ctx, ["absl"])
    folder = _library(ctx, "libabsl_base.a").dirname
    archives = [
        file
        for file in folder.readdir()
        if file.basename.startswith("libabsl_") and
           file.basename.endswith(".a")
    ]
    ctx.file("lib/merge", "create lib/libabsl.a\n" + "".join([
        "addlib {}\n".format(archive)
        for archive in archives
    ]) + "save\nend\n")
    ar = ctx.which("ar")
    if not ar:
        fail("\n\n    `ar` is missing. Run tools/setup.\n")
    merged = ctx.execute(["sh", "-c", "exec \"$0\" -M < lib/merge", ar])
    if merged.return_code != 0:
        fail("cannot merge Abseil's archives: " + merged.stderr)
    ctx.file("WORKSPACE", "workspace(name = \"{}\")\n".format(ctx.name))
    ctx.file("BUILD", _ABSEIL_ROOT_BUILD.format(count = len(archives)))
    for package, targets in ABSEIL_TARGETS.items():
        ctx.file(package + "/BUILD", "".join([
            _ABSEIL_TARGET.format(name = name)
            for name in targets
        ]))

_debian_abseil = repository_rule(
    doc = "libabsl-dev under Abseil's own package and target names.",
    implementation = _debian_abseil_impl,
    attrs = {"package": attr.string(default = "libabsl-dev")},
    local = True,
)

def debian_packages():
    """Declares every library that Planish, its tools and its tests use."""
    if not native.existing_rule("com_google_absl"):
        _debian_abseil(name = "com_google_absl")
    _package(
        name = "com_google_googletest",
        package = "libgtest-dev or libgmock-dev",
        build_file = "googletest.BUILD",
        headers = ["gmock", "gtest"],
        libraries = ["libgmock.a", "libgmock_main.a", "libgtest.a"],
    )
    _package(
        name = "com_github_google_benchmark",
        package = "libbenchmark-dev",
        build_file = "benchmark.BUILD",
        headers = ["benchmark"],
        libraries = ["libbenchmark.so", "libbenchmark_main.a"],
    )
    _package(
        name = "cli11",
        package = "libcli11-dev",
        build_file = "cli11.BUILD",
        headers = ["CLI"],
    )
    _package(
        name = "nlohmann_json",
        package = "nlohmann-json3-dev",
        build_file = "json.BUILD",
        headers = ["nlohmann"],
    )
    _package(
        name = "zlib",
        package = "zlib1g-dev",
        build_file = "zlib.BUILD",
        headers = ["zconf.h", "zlib.h"],
        libraries = ["libz.a"],
    )

def _package(name, build_file, **kwargs):
    if not native.existing_rule(name):
        _debian_package(
            name = name,
            build_file = Label("//third_party/debian:" + build_file),
            **kwargs
        )
