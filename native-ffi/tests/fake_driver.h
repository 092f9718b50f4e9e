/*
 * A driver without a database: the functions that cassette_driver.h names, with answers that the
 * request itself scripts. An id is read as
 *   byte 0      what comes, one of enum fake_answer
 *   byte 1      milliseconds until it comes; 255 means when the session is closed
 *   byte 2      1: the answer is there before the callback is set
 *   byte 3      how many attempts fail before it comes
 *   bytes 4-7   length of the blob, least significant byte first
 *   bytes 8-11  label
 *   bytes 12-15 number of the sample, below FAKE_SAMPLES, for counting attempts
 * Each byte of a blob is the low byte of its place plus the label.
 */
#ifndef FAKE_DRIVER_H
#define FAKE_DRIVER_H

#include "../cassette_driver.h"

#define EXPORT __attribute__((visibility("default")))
enum { FAKE_SAMPLES = 1 << 16, FAKE_FREE_MS = 10 };

enum fake_answer {
  FAKE_BLOB,
  FAKE_NO_ROW,
  FAKE_NULL,
  FAKE_EMPTY,
  FAKE_TIMEOUT,
  FAKE_OVERLOADED,
  FAKE_INVALID,
  FAKE_WRONG_TYPE,
  FAKE_LABEL_NULL,
  FAKE_SLOW_FREE /* a blob whose result takes FAKE_FREE_MS to be given back */
};

struct CassValue {
  bool null, wrong_type;
  uint8_t *bytes;
  size_t size;
  int32_t number;
};

struct CassRow {
  CassValue values[3];
};

struct CassResult {
  size_t rows, columns;
  bool slow_free;
  CassRow *row;
};

struct CassCluster {
  char contact[64], user[64];
};

/* fake_results.c */
CassResult *fake_answer_to(const uint8_t *id); /* what an id scripts, where it comes at all */
CassResult *fake_schema(const char *cql);      /* rows of the system's tables */
void fake_result_delete(CassResult *result);   /* may be NULL */

#endif
