/* Tests of the JPEG lexer, alone: bounds and capacities. Its output is compared with the other
 * lexer's by tests/jpeg/lex_native_test.ts. */
#include "../cassette_lex.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) {                                                      \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);         \
      failures++;                                                            \
    }                                                                        \
  } while (0)

typedef struct result {
  uint8_t *bytes;
  uint32_t *blobs, *markers, *segments;
  cassette_lex_counts counts;
  uint32_t end;
} result;

/* Lexes a copy of one blob in memory of its very size, so that a sanitizer sees reads beyond it. */
static result lex(const uint8_t *blob, uint32_t size, uint32_t bytes, uint32_t markers,
                  uint32_t segments) {
  result r = {
      .bytes = malloc(bytes ? bytes : 1),
      .blobs = malloc(4 * CASSETTE_LEX_BLOB_WORDS),
      .markers = malloc(4 * CASSETTE_LEX_MARKER_WORDS * (markers ? markers : 1)),
      .segments = malloc(4 * CASSETTE_LEX_SEGMENT_WORDS * (segments ? segments : 1)),
      .counts = {0, 0, 0, 0, bytes, 1, markers, segments},
  };
  uint8_t *copy = malloc(size ? size : 1);
  if (size) memcpy(copy, blob, size);
  double offset = 0;
  r.end = cassette_lex(copy, &offset, &size, 0, 1, r.bytes, r.blobs, r.markers, r.segments, &r.counts);
  free(copy);
  return r;
}

static void drop(result *r) {
  free(r->bytes);
  free(r->blobs);
  free(r->markers);
  free(r->segments);
}

/* SOI, a scan of two segments with a stuffed zero and fill bytes, EOI. */
static const uint8_t SMALL[] = {0xff, 0xd8, 0xff, 0xda, 0, 3, 7,    1,    0xff, 0, 2,   0xff,
                                0xff, 0xd0, 9,    0xff, 0xff, 0, 0xff, 0xd9, 5};

static void small(void) {
  result r = lex(SMALL, sizeof SMALL, 512, 8, 8);
  CHECK(r.end == 1 && r.counts.blobs == 1 && r.counts.markers == 2 && r.counts.segments == 2);
  const uint32_t blob[] = {0, 2, 0, 2, CASSETTE_LEX_EOI, 20};
  const uint32_t markers[] = {0xda, 6, 1, 0xd9, 20, 0};
  const uint32_t segments[] = {0, 0, 3, 7, 0xd0, 0, 8, 2, 14, 0xd9};
  const uint8_t bytes[] = {1, 0xff, 2, 0, 0, 0, 0, 0, 9, 0xff, 0, 0, 0, 0, 0, 0};
  CHECK(memcmp(r.blobs, blob, sizeof blob) == 0);
  CHECK(memcmp(r.markers, markers, sizeof markers) == 0);
  CHECK(memcmp(r.segments, segments, sizeof segments) == 0);
  CHECK(r.counts.bytes == sizeof bytes && memcmp(r.bytes, bytes, sizeof bytes) == 0);
  drop(&r);
}

/* Every capacity that is too small leaves the counts as they were, and writes nothing beyond. */
static void capacities(void) {
  for (uint32_t bytes = 0; bytes < 40; bytes++) {
    for (uint32_t markers = 0; markers < 3; markers++) {
      for (uint32_t segments = 0; segments < 3; segments++) {
        result r = lex(SMALL, sizeof SMALL, bytes, markers, segments);
        if (r.end == 0) {
          CHECK(r.counts.bytes == 0 && r.counts.blobs == 0);
          CHECK(r.counts.markers == 0 && r.counts.segments == 0);
        } else {
          CHECK(bytes >= 16 && markers == 2 && segments == 2);
        }
        drop(&r);
      }
    }
  }
  result r = lex(SMALL, sizeof SMALL, 24, 2, 2);
  CHECK(r.end == 1);
  drop(&r);
}

/* Any bytes, mostly 0xFF and markers: no read or write outside, and records that fit the blob. */
static void noise(void) {
  static const uint8_t LIKELY[] = {0xff, 0xff, 0xff, 0, 0, 0xda, 0xd0, 0xd7, 0xd8, 0xd9, 0xc4, 2, 3, 1};
  uint32_t state = 1;
  for (int round = 0; round < 200000; round++) {
    uint8_t blob[64];
    state = state * 1664525u + 1013904223u;
    uint32_t size = (state >> 16) % (sizeof blob + 1);
    for (uint32_t i = 0; i < size; i++) {
      state = state * 1664525u + 1013904223u;
      blob[i] = LIKELY[(state >> 16) % sizeof LIKELY];
    }
    if (size > 1 && round % 8) {
      blob[0] = 0xff;
      blob[1] = 0xd8;
    }
    result r = lex(blob, size, 1024, 64, 64);
    CHECK(r.end == 1 && r.counts.bytes <= 1024 && r.counts.bytes % 4 == 0);
    for (uint32_t i = 0; i < r.counts.markers; i++) {
      const uint32_t *marker = r.markers + i * CASSETTE_LEX_MARKER_WORDS;
      CHECK(marker[1] <= size && marker[2] <= size - marker[1]);
    }
    for (uint32_t i = 0; i < r.counts.segments; i++) {
      const uint32_t *segment = r.segments + i * CASSETTE_LEX_SEGMENT_WORDS;
      CHECK(segment[1] % 4 == 0 && segment[1] + segment[2] + 4 <= r.counts.bytes);
      CHECK(segment[3] <= size && segment[2] <= size);
    }
    drop(&r);
  }
}

int main(void) {
  static const struct {
    const char *name;
    void (*run)(void);
  } tests[] = {{"small", small}, {"capacities", capacities}, {"noise", noise}};
  for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
    tests[i].run();
    printf("%s\n", tests[i].name);
  }
  return failures > 0;
}
