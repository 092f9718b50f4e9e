/*
 * cassette_lex: splits JPEG files into markers and entropy-coded segments (ITU-T T.81, B.1.1).
 *
 * What it writes is equal to what the lexer in src/jpeg/lex.ts writes for the same files in the same
 * order, number by number; see LexedBlobs there for what the numbers mean.
 *
 * Threads: a function only touches the memory that it is given, so any number of threads may lex at
 * once into memory of their own. It allocates nothing, and reads no byte outside of a blob.
 */
#ifndef CASSETTE_LEX_H
#define CASSETTE_LEX_H

#include <stdint.h>

#if defined(__GNUC__)
#define CASSETTE_LEX_API __attribute__((visibility("default")))
#else
#define CASSETTE_LEX_API
#endif

#define CASSETTE_LEX_BLOB_WORDS 6
#define CASSETTE_LEX_MARKER_WORDS 3
#define CASSETTE_LEX_SEGMENT_WORDS 5

/* How the lexer came to the end of a blob. */
enum cassette_lex_end {
  CASSETTE_LEX_EOI = 0,    /* at an EOI marker */
  CASSETTE_LEX_DATA = 1,   /* where the blob ends, without an EOI */
  CASSETTE_LEX_CUT = 2,    /* inside of a marker segment that is longer than the blob */
  CASSETTE_LEX_LENGTH = 3, /* at a marker segment of length below 2, unless skipped anyway */
  CASSETTE_LEX_NO_SOI = 4, /* at the beginning: the blob does not begin with SOI */
  CASSETTE_LEX_MANY = 5    /* at a marker or a segment beyond those that a blob may have */
};

/* Most markers, and most entropy-coded segments, of one blob that are lexed. */
enum { CASSETTE_LEX_MOST_MARKERS = 1 << 16, CASSETTE_LEX_MOST_SEGMENTS = 1 << 22 };

/* How much has been written, and how much there is room for. */
typedef struct cassette_lex_counts {
  uint32_t bytes, blobs, markers, segments;
  uint32_t byte_capacity, blob_capacity, marker_capacity, segment_capacity;
} cassette_lex_counts;

/*
 * Lexes blobs `first` to `count` - 1. Blob i lies at data + offsets[i] and has lengths[i] bytes.
 *
 * Writes to `bytes` the segments without stuffed zeros, to `blobs` 6 words per blob, to `markers` 3
 * per marker, to `segments` 5 per segment, behind what `counts` says is there already, and counts
 * on. Gaps in `bytes` are zero.
 *
 * Returns the place after the last blob that was lexed: `count`, or the first one for which a
 * capacity is too small. Nothing of that one is counted; the caller may enlarge its memory, keep
 * what was written and go on from there.
 */
CASSETTE_LEX_API uint32_t cassette_lex(const uint8_t *data, const double *offsets,
                                       const uint32_t *lengths, uint32_t first, uint32_t count,
                                       uint8_t *bytes, uint32_t *blobs, uint32_t *markers,
                                       uint32_t *segments, cassette_lex_counts *counts);

#endif
