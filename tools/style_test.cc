#include "planish/tools/style.h"

#include <string>

#include "gtest/gtest.h"

namespace planish::tools {
namespace {

TEST(StyleTest, WhatATerminalCanShowStaysAsItIs) {
  for (const char* text : {"", "pc.ram", "\u00a0", "\u07ff", "\u0800", "\ud7ff",
                           "\uffff", "\U00010000", "\U0010ffff"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(StyleTest, ControlCharactersAndBrokenUtf8AreNumbers) {
  EXPECT_EQ(Printable("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(Printable("a\x7f"
                      "b\n"),
            "a\\x7f"
            "b\\x0a");
  EXPECT_EQ(Printable(std::string("\0x", 2)), "\\x00x");
  // The control characters of ISO 8859, alone and in UTF-8.
  EXPECT_EQ(Printable("\x9b"
                      "1m"),
            "\\x9b1m");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "1m"),
            "\\xc2\\x9b1m");
  EXPECT_EQ(Printable("\xc3"), "\\xc3");  // Cut off.
  EXPECT_EQ(Printable("\xe2\x86"
                      "a"),
            "\\xe2\\x86"
            "a");
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");  // Longer than needed.
  EXPECT_EQ(Printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // A surrogate.
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

}  // namespace
}  // namespace planish::tools
