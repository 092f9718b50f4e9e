/* What the driver without a database answers, and how it is read. */
#include "fake_driver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct CassIterator {
  const CassResult *result;
  size_t next;
};

void fake_result_delete(CassResult *result) {
  if (!result) return;
  if (result->slow_free) usleep(FAKE_FREE_MS * 1000);
  for (size_t i = 0; i < result->rows || i < 1; i++)
    for (size_t k = 0; k < 3; k++) free(result->row[i].values[k].bytes);
  free(result->row);
  free(result);
}

static void set_text(CassValue *value, const char *text) {
  value->size = strlen(text);
  value->bytes = malloc(value->size + 1);
  memcpy(value->bytes, text, value->size + 1);
}

/* Of all tables there is fake.data: patch_id uuid, data blob, label int, mask blob. */
CassResult *fake_schema(const char *cql) {
  static const char *columns[][3] = {{"data", "regular", "blob"},
                                     {"label", "regular", "int"},
                                     {"mask", "regular", "blob"},
                                     {"patch_id", "partition_key", "uuid"}};
  CassResult *result = calloc(1, sizeof *result);
  bool about_columns = strstr(cql, "system_schema.columns") != NULL;
  bool known = strstr(cql, "keyspace_name = 'fake'") && strstr(cql, "table_name = 'data'");
  result->columns = about_columns ? 3 : 1;
  result->rows = !strstr(cql, "system_schema") || (about_columns && !known) ? 0
                 : about_columns                                            ? 4
                                                                            : 1;
  result->row = calloc(result->rows + 1, sizeof *result->row);
  for (size_t i = 0; i < result->rows; i++)
    for (size_t k = 0; k < result->columns; k++)
      set_text(&result->row[i].values[k],
               about_columns ? columns[i][k] : strstr(cql, "tables") ? "data" : "fake");
  return result;
}

CassResult *fake_answer_to(const uint8_t *id) {
  CassResult *result = calloc(1, sizeof *result);
  uint32_t length;
  int32_t label;
  memcpy(&length, id + 4, 4);
  memcpy(&label, id + 8, 4);
  result->columns = 2;
  result->slow_free = id[0] == FAKE_SLOW_FREE;
  result->rows = id[0] == FAKE_NO_ROW ? 0 : 1;
  result->row = calloc(1, sizeof *result->row);
  CassValue *data = &result->row->values[0], *number = &result->row->values[1];
  data->null = id[0] == FAKE_NULL;
  data->wrong_type = id[0] == FAKE_WRONG_TYPE;
  data->size = id[0] == FAKE_EMPTY ? 0 : length;
  data->bytes = malloc(data->size + 1);
  for (size_t i = 0; i < data->size; i++) data->bytes[i] = (uint8_t)(i + (size_t)label);
  number->null = id[0] == FAKE_LABEL_NULL;
  number->number = label;
  number->size = (uint32_t)label % 5;
  number->bytes = malloc(4);
  memset(number->bytes, label & 0xff, 4);
  return result;
}

EXPORT void cass_result_free(const CassResult *result) {
  fake_result_delete((CassResult *)result);
}

EXPORT size_t cass_result_row_count(const CassResult *result) {
  return result->rows;
}

EXPORT size_t cass_result_column_count(const CassResult *result) {
  return result->columns;
}

EXPORT const CassRow *cass_result_first_row(const CassResult *result) {
  return result->rows ? result->row : NULL;
}

EXPORT CassIterator *cass_iterator_from_result(const CassResult *result) {
  CassIterator *iterator = calloc(1, sizeof *iterator);
  iterator->result = result;
  return iterator;
}

EXPORT cass_bool cass_iterator_next(CassIterator *iterator) {
  return ++iterator->next <= iterator->result->rows;
}

EXPORT const CassRow *cass_iterator_get_row(const CassIterator *iterator) {
  return &iterator->result->row[iterator->next - 1];
}

EXPORT void cass_iterator_free(CassIterator *iterator) {
  free(iterator);
}

EXPORT const CassValue *cass_row_get_column(const CassRow *row, size_t index) {
  return &row->values[index];
}

EXPORT cass_bool cass_value_is_null(const CassValue *value) {
  return value->null;
}

EXPORT CassError cass_value_get_bytes(const CassValue *value, const uint8_t **bytes, size_t *size) {
  if (value->wrong_type) return CASS_LIB_INVALID_VALUE_TYPE;
  *bytes = value->bytes;
  *size = value->size;
  return CASS_OK;
}

EXPORT CassError cass_value_get_int32(const CassValue *value, int32_t *number) {
  *number = value->number;
  return CASS_OK;
}
