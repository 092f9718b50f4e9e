/* What the driver without a database answers, and how it is read. */
#include "fake_driver.h"

#include <stdio.h>
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
  value->size = value->said = strlen(text);
  value->bytes = malloc(value->size + 1);
  memcpy(value->bytes, text, value->size + 1);
}

/* Rows of tests with lies are (id, data, label), or one text. */
static void fake_lie(CassResult *result, uint8_t lie) {
  bool text = result->columns == 1;
  CassValue *id = result->row->values, *data = text ? id : id + 1, *label = id + 2;
  result->lie = lie;
  switch (lie) {
  case FAKE_NO_ID_COLUMN: result->row->lacks = 1; break;
  case FAKE_NO_DATA_COLUMN: result->row->lacks = text ? 1 : 2; break;
  case FAKE_NO_LABEL_COLUMN: result->row->lacks = 3; break;
  case FAKE_NO_COLUMNS: result->said_columns = 0; break;
  case FAKE_FEW_COLUMNS: result->said_columns = 1; break;
  case FAKE_MANY_COLUMNS: result->said_columns = (size_t)-1; break;
  case FAKE_MANY_ROWS: result->said_rows = 2; break;
  case FAKE_NEGATIVE_ROWS: result->said_rows = (size_t)-1; break;
  case FAKE_ID_TYPE: result->types[0] = 0xffff; break;
  case FAKE_DATA_TYPE: result->types[1] = 0xd; break;
  case FAKE_LABEL_TYPE: result->types[2] = 0x8; break;
  case FAKE_NULL_BYTES:
    free(data->bytes);
    data->bytes = NULL;
    break;
  case FAKE_GIANT: data->said = (size_t)1 << 40; break;
  case FAKE_NEGATIVE: data->said = (size_t)-1; break;
  case FAKE_OTHER_ID: id->uuid.clock_seq_and_node ^= 1; break;
  case FAKE_NULL_ID: id->null = true; break;
  case FAKE_LABEL_SIZE: label->said = 3; break;
  case FAKE_GIANT_LABEL: label->said = (size_t)1 << 40; break;
  default: break;
  }
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
  result->said_rows = result->rows;
  result->said_columns = result->columns;
  for (size_t i = 0; i < result->rows; i++)
    for (size_t k = 0; k < result->columns; k++)
      set_text(&result->row[i].values[k],
               about_columns ? columns[i][k] : strstr(cql, "tables") ? "data" : "fake");
  /* A statement may ask for a lie, as in "SELECT 33"; there is a row to lie about then. */
  int lie = 0;
  if (sscanf(cql, "SELECT %d", &lie) == 1) {
    result->rows = result->said_rows = 1;
    set_text(&result->row[0].values[0], "true");
    fake_lie(result, (uint8_t)lie);
  }
  return result;
}

CassUuid fake_uuid(const uint8_t *id) {
  uint64_t half[2] = {0, 0};
  for (int i = 0; i < 16; i++) half[i / 8] = half[i / 8] << 8 | id[i];
  return (CassUuid){.time_and_version = half[0] << 48 | (half[0] >> 16 & 0xffff) << 32 | half[0] >> 32,
                    .clock_seq_and_node = half[1]};
}

CassResult *fake_answer_to(const uint8_t *id, const CassPrepared *prepared) {
  CassResult *result = calloc(1, sizeof *result);
  uint32_t length;
  int32_t label;
  memcpy(&length, id + 4, 4);
  memcpy(&label, id + 8, 4);
  result->columns = result->said_columns = prepared->columns;
  result->slow_free = id[0] == FAKE_SLOW_FREE;
  result->rows = result->said_rows = id[0] == FAKE_NO_ROW ? 0 : 1;
  result->row = calloc(1, sizeof *result->row);
  CassValue *values = result->row->values;
  size_t at = prepared->columns == 2 ? 0 : 1; /* of the data; the id is the other of the first two */
  CassValue *data = &values[at], *number = &values[2];
  data->null = id[0] == FAKE_NULL;
  data->wrong_type = id[0] == FAKE_WRONG_TYPE;
  data->size = data->said = id[0] == FAKE_EMPTY ? 0 : length;
  data->bytes = malloc(data->size + 1);
  for (size_t i = 0; i < data->size; i++) data->bytes[i] = (uint8_t)(i + (size_t)label);
  number->null = id[0] == FAKE_LABEL_NULL;
  number->number = label;
  if (prepared->label == FAKE_MASK) {
    number->size = label >= FAKE_LARGE_LABEL ? (uint32_t)label - FAKE_LARGE_LABEL : (uint32_t)label % 5;
    number->bytes = malloc(number->size + 1);
    memset(number->bytes, label & 0xff, number->size);
  } else {
    number->size = 4;
    number->bytes = malloc(4);
    for (int i = 0; i < 4; i++) number->bytes[i] = (uint8_t)((uint32_t)label >> (24 - 8 * i));
  }
  number->said = number->size;
  values[1 - at].uuid = fake_uuid(id);
  result->types[at] = CASS_VALUE_TYPE_BLOB;
  result->types[1 - at] = CASS_VALUE_TYPE_UUID;
  result->types[2] = prepared->label == FAKE_INT ? CASS_VALUE_TYPE_INT : CASS_VALUE_TYPE_BLOB;
  fake_lie(result, id[0]);
  return result;
}

EXPORT void cass_result_free(const CassResult *result) {
  fake_result_delete((CassResult *)result);
}

EXPORT size_t cass_result_row_count(const CassResult *result) {
  return result->said_rows;
}

EXPORT size_t cass_result_column_count(const CassResult *result) {
  return result->said_columns;
}

EXPORT int cass_result_column_type(const CassResult *result, size_t index) {
  return result->types[index];
}

EXPORT const CassRow *cass_result_first_row(const CassResult *result) {
  return result->rows && result->lie != FAKE_NO_FIRST_ROW ? result->row : NULL;
}

EXPORT CassIterator *cass_iterator_from_result(const CassResult *result) {
  CassIterator *iterator = calloc(1, sizeof *iterator);
  iterator->result = result;
  return iterator;
}

EXPORT cass_bool cass_iterator_next(CassIterator *iterator) {
  return ++iterator->next <= iterator->result->rows || iterator->result->lie == FAKE_NO_FIRST_ROW;
}

EXPORT const CassRow *cass_iterator_get_row(const CassIterator *iterator) {
  if (iterator->result->lie == FAKE_NO_FIRST_ROW) return NULL;
  return &iterator->result->row[iterator->next - 1];
}

EXPORT void cass_iterator_free(CassIterator *iterator) {
  free(iterator);
}

EXPORT const CassValue *cass_row_get_column(const CassRow *row, size_t index) {
  return row->lacks == index + 1 ? NULL : &row->values[index];
}

EXPORT cass_bool cass_value_is_null(const CassValue *value) {
  return value->null;
}

EXPORT CassError cass_value_get_bytes(const CassValue *value, const uint8_t **bytes, size_t *size) {
  if (value->wrong_type) return CASS_LIB_INVALID_VALUE_TYPE;
  *bytes = value->bytes;
  *size = value->said;
  return CASS_OK;
}

EXPORT CassError cass_value_get_uuid(const CassValue *value, CassUuid *uuid) {
  *uuid = value->uuid;
  return CASS_OK;
}

EXPORT CassError cass_value_get_int32(const CassValue *value, int32_t *number) {
  *number = value->number;
  return CASS_OK;
}
