/* Reads the rows that a query has brought. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

/* Schemas have less. A driver that says more does not say the truth. */
enum { MOST_COLUMNS = 4096, MOST_ROWS = 1 << 24, MOST_BYTES = 1 << 28 };

typedef struct rows {
  uint8_t *bytes;
  size_t size, capacity;
} rows;

static bool append(rows *to, const void *bytes, size_t length) {
  if (length > UINT32_MAX - to->size) return false;
  if (to->size + length > to->capacity) {
    size_t larger = (to->size + length) * 2;
    uint8_t *moved = realloc(to->bytes, larger);
    if (!moved) return false;
    to->bytes = moved;
    to->capacity = larger;
  }
  if (length > 0) memcpy(to->bytes + to->size, bytes, length);
  to->size += length;
  return true;
}

/* Returns what is wrong, or NULL. */
static const char *read_value(cassette_session *session, const CassRow *row, size_t column,
                              rows *to) {
  cassette_driver *driver = session->driver;
  const CassValue *value = driver->row_get_column(row, column);
  if (!value) return "the driver's answer lacks a column";
  const uint8_t *bytes = NULL;
  size_t length = 0;
  uint32_t prefix = UINT32_MAX;
  if (!driver->value_is_null(value)) {
    if (driver->value_get_bytes(value, &bytes, &length) != CASS_OK)
      return "the driver's answer has a value that cannot be read";
    if (length > MOST_BYTES || (length > 0 && !bytes))
      return "the driver's answer has a value of an impossible length";
    prefix = (uint32_t)length;
  }
  return append(to, &prefix, 4) && append(to, bytes, length) ? NULL : "out of memory";
}

static const char *read_result(cassette_session *session, const CassResult *result, rows *to) {
  cassette_driver *driver = session->driver;
  size_t columns = driver->result_column_count(result), count = driver->result_row_count(result);
  if (columns == 0 || columns > MOST_COLUMNS || count > MOST_ROWS)
    return "the driver's answer has an impossible number of columns or rows";
  uint32_t header[2] = {(uint32_t)columns, (uint32_t)count};
  if (!append(to, header, sizeof header)) return "out of memory";
  if (count == 0) return NULL;
  CassIterator *iterator = driver->iterator_from_result(result);
  if (!iterator) return "the driver's answer cannot be gone through";
  const char *wrong = NULL;
  for (size_t i = 0; i < count && !wrong; i++) {
    const CassRow *row = driver->iterator_next(iterator) ? driver->iterator_get_row(iterator) : NULL;
    if (!row) wrong = "the driver's answer has fewer rows than it says";
    for (size_t column = 0; column < columns && !wrong; column++)
      wrong = read_value(session, row, column, to);
  }
  driver->iterator_free(iterator);
  return wrong;
}

int32_t cassette_read_rows(cassette_session *session) {
  cassette_driver *driver = session->driver;
  const CassResult *result = driver->future_get_result(session->operation);
  if (!result) return cassette_fail(session, 0, "the driver's answer has no result");
  rows read = {0};
  const char *wrong = read_result(session, result, &read);
  driver->result_free(result);
  if (wrong) {
    free(read.bytes);
    return cassette_fail(session, 0, wrong);
  }
  cassette_take_text(session, read.bytes, (uint32_t)read.size);
  return CASSETTE_READY;
}
