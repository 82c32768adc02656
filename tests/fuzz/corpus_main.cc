// Runs LLVMFuzzerTestOneInput over the files named on the command line: the
// main() of every NAME_corpus_test of planish_fuzz_test. So what a fuzzer once
// found stays an ordinary test, with any compiler and under any sanitizer.
//
// A failure is what it is under libFuzzer: the function aborts. The name of the
// file is printed before it runs, so that the last line names the culprit.
// Fails when there is no file, or one cannot be read.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <ios>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("the corpus is empty\n", stderr);
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    std::printf("%s\n", argv[i]);
    std::fflush(stdout);
    std::ifstream file(argv[i], std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)),
                                  std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad()) {
      std::fputs("cannot be read\n", stderr);
      return 1;
    }
    // A heap block of the exact size, so that ASan sees a read past its end.
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()),
                           bytes.size());
  }
  std::printf("%d inputs passed\n", argc - 1);
  return 0;
}
