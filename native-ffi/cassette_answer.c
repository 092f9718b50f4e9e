/* Reads the driver's answer to a request; nothing of it is taken on trust. */
#include "cassette_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  int type;
  const char *name;
} TYPES[] = {{0x01, "ascii"},     {0x02, "bigint"},   {0x03, "blob"},      {0x04, "boolean"},
             {0x05, "counter"},   {0x06, "decimal"},  {0x07, "double"},    {0x08, "float"},
             {0x09, "int"},       {0x0a, "text"},     {0x0b, "timestamp"}, {0x0c, "uuid"},
             {0x0d, "text"},      {0x0e, "varint"},   {0x0f, "timeuuid"},  {0x10, "inet"},
             {0x11, "date"},      {0x12, "time"},     {0x13, "smallint"},  {0x14, "tinyint"},
             {0x15, "duration"},  {0x20, "list"},     {0x21, "map"},       {0x22, "set"},
             {0x30, "user type"}, {0x31, "tuple"}};

static const char *type_name(int type) {
  for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
    if (TYPES[i].type == type) return TYPES[i].name;
  return "unknown type";
}

static uint64_t big_endian(const uint8_t *bytes, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
  return value;
}

CassUuid cassette_uuid(const uint8_t *id) {
  return (CassUuid){
      .time_and_version = big_endian(id + 6, 2) << 48 | big_endian(id + 4, 2) << 32 |
                          big_endian(id, 4),
      .clock_seq_and_node = big_endian(id + 8, 8),
  };
}

void cassette_say(cassette_request *request, uint8_t status, const char *format, ...) {
  char text[CASSETTE_MESSAGE_BYTES + 1];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  free(request->message);
  request->message = strdup(text);
  request->status = status;
}

char *cassette_message_of(cassette_driver *driver, CassFuture *future, size_t most) {
  const char *message = NULL;
  size_t length = 0;
  driver->future_error_message(future, &message, &length);
  if (length > most) length = most;
  return strndup(message ? message : "", length);
}

/* A value's bytes; false if it has none, which is then said. */
static bool read_bytes(cassette_session *session, cassette_request *request, const CassValue *value,
                       bool is_label, const uint8_t **bytes, size_t *length) {
  const char *column = is_label ? "label" : "data";
  CassError code = session->driver->value_get_bytes(value, bytes, length);
  if (code != CASS_OK) {
    const char *reason = session->driver->error_desc(code);
    cassette_say(request, CASSETTE_WRONG_TYPE, "%s that cannot be read (%s)", column,
                 reason ? reason : "for no known reason");
    request->code = code;
  } else if (*length > INT32_MAX || (*length > 0 && !*bytes)) {
    cassette_say(request, CASSETTE_BAD_ANSWER, "%s of an impossible length", column);
  } else if (*length > session->max_blob_bytes) {
    cassette_say(request, is_label ? CASSETTE_LARGE_LABEL : CASSETTE_LARGE_BLOB, "%zu", *length);
  }
  return request->status == CASSETTE_OK;
}

static void read_label(cassette_session *session, cassette_request *request, const CassRow *row,
                       int type) {
  const CassValue *value = session->driver->row_get_column(row, 2);
  if (!value) {
    cassette_say(request, CASSETTE_BAD_ANSWER, "a row without a label");
    return;
  }
  if (session->driver->value_is_null(value)) {
    request->status |= CASSETTE_LABEL_NULL;
    return;
  }
  const uint8_t *bytes = NULL;
  size_t length = 0;
  if (type == CASS_VALUE_TYPE_INT) {
    CassError code = session->driver->value_get_int32(value, &request->label_value);
    if (code == CASS_OK) return;
    cassette_say(request, CASSETTE_WRONG_TYPE, "a label that is no int");
    request->code = code;
  } else if (read_bytes(session, request, value, true, &bytes, &length)) {
    if (session->label_type == CASSETTE_LABEL_BLOB) {
      request->label = bytes;
      request->label_value = (int32_t)length;
    } else if (length == 4) {
      request->label_value = (int32_t)((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                                       (uint32_t)bytes[2] << 8 | bytes[3]);
    } else {
      cassette_say(request, CASSETTE_WRONG_TYPE, "a label of %zu bytes", length);
    }
  }
}

/* What the header says of the order of columns. */
static size_t id_column(const cassette_session *session) {
  return session->label_type == CASSETTE_LABEL_NONE ? 1 : 0;
}

static size_t data_column(const cassette_session *session) {
  return 1 - id_column(session);
}

/* Whether it is the row that was asked for; if not, it is said. */
static void check_id(cassette_session *session, cassette_request *request, const CassRow *row) {
  const CassValue *value = session->driver->row_get_column(row, id_column(session));
  CassUuid id = {0}, asked = cassette_uuid(request->id);
  if (!value || session->driver->value_is_null(value) ||
      session->driver->value_get_uuid(value, &id) != CASS_OK)
    cassette_say(request, CASSETTE_BAD_ANSWER, "a row without an id");
  else if (id.time_and_version != asked.time_and_version ||
           id.clock_seq_and_node != asked.clock_seq_and_node)
    cassette_say(request, CASSETTE_BAD_ANSWER, "the row of another id");
}

/* Whether the columns are those of the statement; if not, it is said. */
static bool as_prepared(cassette_session *session, cassette_request *request,
                        const CassResult *result, int *label) {
  size_t expected = session->label_type == CASSETTE_LABEL_NONE ? 2 : 3;
  size_t columns = session->driver->result_column_count(result);
  if (columns != expected) {
    cassette_say(request, CASSETTE_BAD_ANSWER, "an answer of %zu columns to a statement of %zu",
                 columns, expected);
    return false;
  }
  int data = session->driver->result_column_type(result, data_column(session));
  if (data != CASS_VALUE_TYPE_BLOB) {
    cassette_say(request, CASSETTE_WRONG_TYPE, "data of type %s", type_name(data));
    return false;
  }
  int id = session->driver->result_column_type(result, id_column(session));
  if (id != CASS_VALUE_TYPE_UUID && id != CASS_VALUE_TYPE_TIMEUUID) {
    cassette_say(request, CASSETTE_WRONG_TYPE, "an id of type %s", type_name(id));
    return false;
  }
  if (expected == 2) return true;
  *label = session->driver->result_column_type(result, 2);
  if (*label == CASS_VALUE_TYPE_BLOB ||
      (*label == CASS_VALUE_TYPE_INT && session->label_type == CASSETTE_LABEL_INT))
    return true;
  cassette_say(request, CASSETTE_WRONG_TYPE, "a label of type %s", type_name(*label));
  return false;
}

static void read_row(cassette_session *session, cassette_request *request, const CassRow *row,
                     int label) {
  check_id(session, request, row);
  if (request->status != CASSETTE_OK) return;
  const CassValue *value = session->driver->row_get_column(row, data_column(session));
  if (!value) {
    cassette_say(request, CASSETTE_BAD_ANSWER, "a row without data");
    return;
  }
  if (session->driver->value_is_null(value)) {
    request->status = CASSETTE_NULL_BLOB;
    return;
  }
  size_t length = 0;
  if (!read_bytes(session, request, value, false, &request->data, &length)) return;
  request->length = (uint32_t)length;
  if (length == 0) request->status = CASSETTE_EMPTY_BLOB;
  else if (session->label_type != CASSETTE_LABEL_NONE) read_label(session, request, row, label);
}

void cassette_read_answer(cassette_session *session, cassette_request *request, CassFuture *future) {
  cassette_driver *driver = session->driver;
  const CassResult *result = driver->future_get_result(future);
  if (!result) {
    cassette_say(request, CASSETTE_BAD_ANSWER, "an answer without a result");
    return;
  }
  int label = 0;
  request->status = CASSETTE_OK;
  if (as_prepared(session, request, result, &label)) {
    size_t rows = driver->result_row_count(result);
    const CassRow *row = rows == 1 ? driver->result_first_row(result) : NULL;
    if (rows == 0) request->status = CASSETTE_MISSING_ROW;
    else if (rows > 1) cassette_say(request, CASSETTE_BAD_ANSWER, "%zu rows for one id", rows);
    else if (!row) cassette_say(request, CASSETTE_BAD_ANSWER, "a row that cannot be read");
    else read_row(session, request, row, label);
  }
  if ((request->status & ~CASSETTE_LABEL_NULL) == CASSETTE_OK) {
    request->result = result;
    return;
  }
  request->length = 0;
  driver->result_free(result);
}

void cassette_read_failure(cassette_driver *driver, cassette_request *request, CassFuture *future) {
  free(request->message);
  request->message = cassette_message_of(driver, future, CASSETTE_MESSAGE_BYTES);
  request->status = request->code == CASS_LIB_REQUEST_TIMED_OUT ||
                            request->code == CASS_SERVER_READ_TIMEOUT
                        ? CASSETTE_TIMEOUT
                        : CASSETTE_FAILED;
}
