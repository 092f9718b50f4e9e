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
/* A label that is a blob has label % 5 bytes, or as many as it is beyond FAKE_LARGE_LABEL. */
enum { FAKE_SAMPLES = 1 << 16, FAKE_FREE_MS = 10, FAKE_LARGE_LABEL = 1 << 20 };

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
  FAKE_SLOW_FREE, /* a blob whose result takes FAKE_FREE_MS to be given back */
  FAKE_REFUSED,   /* no host, as a table that is gone is told of; a preparation is refused then */

  /* Lies: what a driver must not return, and a server can make one return. */
  FAKE_NO_RESULT = 32,
  FAKE_NO_DATA_COLUMN, /* a row with columns too few: NULL for one that there should be */
  FAKE_NO_LABEL_COLUMN,
  FAKE_NO_ID_COLUMN,
  FAKE_NO_COLUMNS,
  FAKE_FEW_COLUMNS,
  FAKE_MANY_COLUMNS,
  FAKE_NO_FIRST_ROW,
  FAKE_MANY_ROWS,
  FAKE_NEGATIVE_ROWS,
  FAKE_DATA_TYPE,
  FAKE_LABEL_TYPE,
  FAKE_ID_TYPE,
  FAKE_NULL_BYTES,
  FAKE_GIANT,
  FAKE_NEGATIVE,
  FAKE_OTHER_ID,
  FAKE_NULL_ID,
  FAKE_LABEL_SIZE, /* 3 bytes where an int has 4 */
  FAKE_GIANT_LABEL,
  FAKE_UNKNOWN_CODE, /* and no message */
  FAKE_GIANT_MESSAGE,
  FAKE_NO_FUTURE,
  FAKE_NO_CALLBACK,
  FAKE_NEVER, /* no answer, not even as the session closes */
  FAKE_LIES_END
};

/* What the label column is, by the statement that was prepared. */
enum fake_label { FAKE_INT, FAKE_INT_AS_BLOB, FAKE_MASK };

struct CassPrepared {
  size_t columns;
  enum fake_label label;
};

struct CassValue {
  bool null, wrong_type;
  uint8_t *bytes;
  size_t size, said; /* bytes there are, and as many as are said to be */
  int32_t number;
  CassUuid uuid;
};

struct CassRow {
  CassValue values[3];
  size_t lacks; /* the number of a column, from 1 on, that there is not; or 0 */
};

struct CassResult {
  size_t rows, columns;
  size_t said_rows, said_columns; /* what is said of them */
  int types[3];
  uint8_t lie;
  bool slow_free;
  CassRow *row;
};

struct CassCluster {
  char contact[64], user[64];
};

/* fake_results.c */
CassResult *fake_answer_to(const uint8_t *id, const CassPrepared *prepared); /* what it scripts */
CassUuid fake_uuid(const uint8_t *id);
CassResult *fake_schema(const char *cql);      /* rows of the system's tables */
void fake_result_delete(CassResult *result);   /* may be NULL */

#endif
