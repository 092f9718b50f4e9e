/* Splits JPEG files into markers and entropy-coded segments; src/jpeg/lex.ts does the same. */
#include "cassette_lex.h"

#include <stdbool.h>
#include <string.h>

enum { TEM = 0x01, RST0 = 0xd0, RST7 = 0xd7, SOI = 0xd8, EOI = 0xd9, SOS = 0xda };
enum { DNL = 0xdc, APP0 = 0xe0, APP15 = 0xef, COM = 0xfe };
/* Zeroed after each segment, of which a whole word stays. */
enum { GUARD_BYTES = 8 };
/* Segments of a blob begin at a multiple of this. */
enum { BLOB_ALIGNMENT = 256, WORD = 4 };

typedef struct lexer {
  const uint8_t *blob;
  uint32_t size;
  uint8_t *bytes;
  uint32_t *markers, *segments;
  uint32_t first_marker, first_segment; /* of the blob */
  cassette_lex_counts counts;
} lexer;

static uint64_t align(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

static bool stands_alone(uint32_t code) { return code == TEM || (code >= RST0 && code <= EOI); }

/* Whether libjpeg-turbo skips a marker segment, whatever its length says. */
static bool is_skipped(uint32_t code) {
  return code == DNL || code == COM || (code >= APP0 && code <= APP15);
}

/* Offset of the next 0xFF, or the size of the blob. */
static uint32_t next_ff(const lexer *l, uint32_t from) {
  const uint8_t *found = memchr(l->blob + from, 0xff, l->size - from);
  return found ? (uint32_t)(found - l->blob) : l->size;
}

static bool put_marker(lexer *l, uint32_t code, uint32_t offset, uint32_t length) {
  if (l->counts.markers == l->counts.marker_capacity) return false;
  uint32_t *record = l->markers + (uint64_t)l->counts.markers++ * CASSETTE_LEX_MARKER_WORDS;
  record[0] = code;
  record[1] = offset;
  record[2] = length;
  return true;
}

static bool put_segment(lexer *l, uint32_t scan, uint64_t begin, uint64_t length, uint32_t offset,
                        uint32_t code) {
  if (l->counts.segments == l->counts.segment_capacity) return false;
  uint32_t *record = l->segments + (uint64_t)l->counts.segments++ * CASSETTE_LEX_SEGMENT_WORDS;
  record[0] = scan;
  record[1] = (uint32_t)begin;
  record[2] = (uint32_t)length;
  record[3] = offset;
  record[4] = code;
  return true;
}

/* How lexing a scan has ended. */
typedef enum scan_end { SCAN_DONE, SCAN_NO_ROOM, SCAN_MANY } scan_end;

/* Unstuffs the segments of one scan; moves `at` to the marker that ends it, or to a segment too many. */
static scan_end lex_scan(lexer *l, uint32_t *at, uint32_t scan) {
  const uint8_t *blob = l->blob;
  uint32_t size = l->size, run = *at, started = *at;
  uint64_t capacity = l->counts.byte_capacity;
  bool first = l->first_segment == l->counts.segments;
  uint64_t to = align(l->counts.bytes, first ? BLOB_ALIGNMENT : WORD), begin = to;
  if (to > capacity) return SCAN_NO_ROOM;
  memset(l->bytes + l->counts.bytes, 0, to - l->counts.bytes);
  for (;;) {
    uint32_t mark = next_ff(l, run);
    int code = size - mark > 1 ? blob[mark + 1] : -1;
    uint32_t end = code == 0 ? mark + 1 : mark;
    /* One byte more, for a stuffed zero after fill bytes. */
    if (to + (end - run) + 1 + GUARD_BYTES > capacity) return SCAN_NO_ROOM;
    memcpy(l->bytes + to, blob + run, end - run);
    to += end - run;
    if (code == 0) {
      run = mark + 2;
      continue;
    }
    while (code == 0xff) {
      mark++;
      code = size - mark > 1 ? blob[mark + 1] : -1;
    }
    if (code == 0) {
      run = mark + 2;
      l->bytes[to++] = 0xff;
      continue;
    }
    if (l->counts.segments - l->first_segment == CASSETTE_LEX_MOST_SEGMENTS) {
      *at = started;
      return SCAN_MANY;
    }
    if (!put_segment(l, scan, begin, to - begin, started, code < 0 ? 0 : (uint32_t)code))
      return SCAN_NO_ROOM;
    memset(l->bytes + to, 0, GUARD_BYTES);
    to = align(to, WORD) + WORD;
    l->counts.bytes = (uint32_t)to;
    if (code < RST0 || code > RST7) {
      *at = code < 0 ? size : mark;
      return SCAN_DONE;
    }
    run = started = mark + 2;
    begin = to;
  }
}

/* Gives the end of the blob, and its offset; negative: no room. */
static int lex_blob(lexer *l, uint32_t *offset) {
  const uint8_t *blob = l->blob;
  uint32_t size = l->size, at = 2, scans = 0;
  *offset = 0;
  if (size < 2 || blob[0] != 0xff || blob[1] != SOI) return CASSETTE_LEX_NO_SOI;
  for (;;) {
    at = next_ff(l, at);
    while (at < size && blob[at] == 0xff) at++;
    *offset = size;
    if (at >= size) return CASSETTE_LEX_DATA;
    uint32_t code = blob[at++];
    if (code == 0) continue;
    *offset = at - 2;
    if (l->counts.markers - l->first_marker == CASSETTE_LEX_MOST_MARKERS) return CASSETTE_LEX_MANY;
    if (stands_alone(code)) {
      if (!put_marker(l, code, at, 0)) return -1;
      *offset = at;
      if (code == EOI) return CASSETTE_LEX_EOI;
      continue;
    }
    if (size - at < 2) return CASSETTE_LEX_CUT;
    uint32_t length = (uint32_t)blob[at] << 8 | blob[at + 1];
    if (length < 2) {
      if (!is_skipped(code)) return CASSETTE_LEX_LENGTH;
      at += 2;
      if (!put_marker(l, code, at, 0)) return -1;
      continue;
    }
    if (length > size - at) return put_marker(l, code, at + 2, size - at - 2) ? CASSETTE_LEX_CUT : -1;
    if (!put_marker(l, code, at + 2, length - 2)) return -1;
    at += length;
    if (code != SOS) continue;
    scan_end end = lex_scan(l, &at, scans++);
    if (end == SCAN_NO_ROOM) return -1;
    if (end == SCAN_MANY) {
      *offset = at;
      return CASSETTE_LEX_MANY;
    }
  }
}

uint32_t cassette_lex(const uint8_t *data, const double *offsets, const uint32_t *lengths,
                      uint32_t first, uint32_t count, uint8_t *bytes, uint32_t *blobs,
                      uint32_t *markers, uint32_t *segments, cassette_lex_counts *counts) {
  uint32_t i = first;
  for (; i < count && counts->blobs < counts->blob_capacity; i++) {
    lexer l = {
        .blob = data + (uint64_t)offsets[i],
        .size = lengths[i],
        .bytes = bytes,
        .markers = markers,
        .segments = segments,
        .first_marker = counts->markers,
        .first_segment = counts->segments,
        .counts = *counts,
    };
    uint32_t offset;
    int end = lex_blob(&l, &offset);
    if (end < 0) break;
    uint32_t *record = blobs + (uint64_t)l.counts.blobs++ * CASSETTE_LEX_BLOB_WORDS;
    record[0] = counts->markers;
    record[1] = l.counts.markers - counts->markers;
    record[2] = counts->segments;
    record[3] = l.counts.segments - counts->segments;
    record[4] = (uint32_t)end;
    record[5] = offset;
    *counts = l.counts;
  }
  return i;
}
