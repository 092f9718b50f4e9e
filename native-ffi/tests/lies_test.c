/* Answers that no driver should give: an error each, and the neighbours arrive. */
#include "fetch_support.h"

#include "fake_driver.h"

#include <dlfcn.h>

enum { LENGTH = 100 };

static const struct {
  uint8_t lie, status;
  const char *said;
} LIES[] = {
    {FAKE_NO_RESULT, CASSETTE_BAD_ANSWER, "an answer without a result"},
    {FAKE_NO_DATA_COLUMN, CASSETTE_BAD_ANSWER, "a row without data"},
    {FAKE_NO_LABEL_COLUMN, CASSETTE_BAD_ANSWER, "a row without a label"},
    {FAKE_NO_ID_COLUMN, CASSETTE_BAD_ANSWER, "a row without an id"},
    {FAKE_NO_COLUMNS, CASSETTE_BAD_ANSWER, "an answer of 0 columns to a statement of 3"},
    {FAKE_FEW_COLUMNS, CASSETTE_BAD_ANSWER, "an answer of 1 columns to a statement of 3"},
    {FAKE_MANY_COLUMNS, CASSETTE_BAD_ANSWER, "an answer of 18446744073709551615 columns"},
    {FAKE_NO_FIRST_ROW, CASSETTE_BAD_ANSWER, "a row that cannot be read"},
    {FAKE_MANY_ROWS, CASSETTE_BAD_ANSWER, "2 rows for one id"},
    {FAKE_NEGATIVE_ROWS, CASSETTE_BAD_ANSWER, "18446744073709551615 rows for one id"},
    {FAKE_DATA_TYPE, CASSETTE_WRONG_TYPE, "data of type text"},
    {FAKE_LABEL_TYPE, CASSETTE_WRONG_TYPE, "a label of type float"},
    {FAKE_ID_TYPE, CASSETTE_WRONG_TYPE, "an id of type unknown type"},
    {FAKE_NULL_BYTES, CASSETTE_BAD_ANSWER, "data of an impossible length"},
    {FAKE_GIANT, CASSETTE_BAD_ANSWER, "data of an impossible length"},
    {FAKE_NEGATIVE, CASSETTE_BAD_ANSWER, "data of an impossible length"},
    {FAKE_OTHER_ID, CASSETTE_BAD_ANSWER, "the row of another id"},
    {FAKE_NULL_ID, CASSETTE_BAD_ANSWER, "a row without an id"},
    {FAKE_UNKNOWN_CODE, CASSETTE_FAILED, ""},
    {FAKE_GIANT_MESSAGE, CASSETTE_FAILED, "short"},
    {FAKE_NO_FUTURE, CASSETTE_FAILED, "the driver does not take the request"},
    {FAKE_NO_CALLBACK, CASSETTE_FAILED, "the driver does not take the request"},
};
enum { COUNT = sizeof LIES / sizeof LIES[0] };

/* Each lie between two good samples, at once or later. */
static void ask(cassette_session_id session, uint64_t token, uint64_t group) {
  static uint8_t ids[2 * COUNT * 16];
  for (uint32_t i = 0; i < COUNT; i++) {
    make_id(ids + i * 32, LIES[i].lie, i % 3, token % 2, 0, LENGTH, (int32_t)i);
    make_id(ids + i * 32 + 16, BLOB, i % 2, i % 2, 0, LENGTH, (int32_t)i);
  }
  CHECK(cassette_submit(session, ids, 2 * COUNT, token, group) == CASSETTE_READY);
}

static void check(const cassette_done *done) {
  CHECK(done->count == 2 * COUNT && done->failures == COUNT);
  const uint8_t *record = done->arena + done->errors;
  for (uint32_t i = 0; i < COUNT; i++) {
    CHECK(status(done, 2 * i) == LIES[i].status && length(done, 2 * i) == 0);
    check_blob(done, 2 * i + 1, LENGTH, (int32_t)i);
    CHECK(label(done, 2 * i + 1) == (int32_t)i);
    uint32_t fields[4];
    memcpy(fields, record, sizeof fields);
    CHECK(fields[0] == 2 * i && fields[2] == 1);
    size_t said = strlen(LIES[i].said);
    CHECK(fields[3] >= said && memcmp(record + 16, LIES[i].said, said) == 0);
    record += 16 + ((fields[3] + 3) & ~3u);
  }
}

void test_lies(void) {
  cassette_session_id session = open_session("1", "64");
  for (uint64_t token = 1; token <= 6; token++) {
    ask(session, token, 0);
    cassette_done done = wait_one(session);
    check(&done);
    cassette_batch_release(done.batch, 0);
  }
  ask(session, 7, 1); /* in a group the order is another, and nothing crashes either */
  cassette_done done = wait_one(session);
  CHECK(done.count == 2 * COUNT && done.failures == COUNT);
  cassette_batch_release(done.batch, 0);
  close_session(session);

  session = open_session("2", "64");
  uint8_t id[16];
  make_id(id, FAKE_GIANT_LABEL, 0, 0, 0, LENGTH, 1);
  CHECK(cassette_submit(session, id, 1, 1, 0) == CASSETTE_READY);
  done = wait_one(session);
  CHECK(status(&done, 0) == CASSETTE_BAD_ANSWER && done.label_size == 0);
  cassette_batch_release(done.batch, 0);
  close_session(session);
}

/* Integers that the server writes as blobs, so that no column of another type can pass as one. */
void test_int_as_blob(void) {
  cassette_session_id session = new_session("1", "64");
  statement = "SELECT id, data, intAsBlob(label) FROM fake.data";
  opened(session);
  static const int32_t labels[] = {0, 1, -1, INT32_MAX, INT32_MIN, 0x01020304};
  enum { LABELS = sizeof labels / sizeof labels[0] };
  uint8_t ids[(LABELS + 2) * 16];
  for (uint32_t i = 0; i < LABELS; i++) make_id(ids + i * 16, BLOB, 0, 0, 0, 5, labels[i]);
  make_id(ids + LABELS * 16, FAKE_LABEL_SIZE, 0, 0, 0, 5, 1);
  make_id(ids + (LABELS + 1) * 16, NO_LABEL, 0, 0, 0, 5, 1);
  CHECK(cassette_submit(session, ids, LABELS + 2, 1, 0) == CASSETTE_READY);
  cassette_done done = wait_one(session);
  for (uint32_t i = 0; i < LABELS; i++)
    CHECK(status(&done, i) == CASSETTE_OK && label(&done, i) == labels[i]);
  CHECK(status(&done, LABELS) == CASSETTE_WRONG_TYPE);
  CHECK(status(&done, LABELS + 1) == (CASSETTE_OK | CASSETTE_LABEL_NULL));
  CHECK(done.failures == 1);
  cassette_batch_release(done.batch, 0);
  close_session(session);
}

static bool said(cassette_session_id session, const char *part) {
  char text[300] = "";
  cassette_session_text(session, (uint8_t *)text, sizeof text - 1);
  return strstr(text, part) != NULL;
}

void test_operation_lies(void) {
  cassette_session_id session = new_session("1", "16");
  CHECK(set(session, "contact_points", "no future"));
  cassette_connect(session);
  CHECK(finish(session) == CASSETTE_ERROR && said(session, "does not take the operation"));
  cassette_session_free(session);

  session = open_session("1", "16");
  static const struct {
    uint8_t lie;
    const char *said;
  } queries[] = {{FAKE_NO_RESULT, "no result"},
                 {FAKE_NO_DATA_COLUMN, "lacks a column"},
                 {FAKE_NO_COLUMNS, "impossible number"},
                 {FAKE_MANY_COLUMNS, "impossible number"},
                 {FAKE_FEW_COLUMNS, ""},
                 {FAKE_NO_FIRST_ROW, "fewer rows"},
                 {FAKE_MANY_ROWS, "fewer rows"},
                 {FAKE_NEGATIVE_ROWS, "impossible number"},
                 {FAKE_NULL_BYTES, "impossible length"},
                 {FAKE_GIANT, "impossible length"},
                 {FAKE_NEGATIVE, "impossible length"}};
  for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
    char cql[20];
    int length = snprintf(cql, sizeof cql, "SELECT %d", queries[i].lie);
    cassette_query(session, cql, (uint32_t)length);
    bool good = queries[i].said[0] == 0;
    CHECK(finish(session) == (good ? CASSETTE_READY : CASSETTE_ERROR));
    CHECK(good || said(session, queries[i].said));
  }
  close_session(session);

  session = new_session("1", "16");
  cassette_connect(session);
  CHECK(finish(session) == CASSETTE_READY);
  cassette_prepare(session, "SELECT no prepared", 18);
  CHECK(finish(session) == CASSETTE_ERROR && said(session, "no prepared statement"));
  cassette_prepare(session, "SELECT no future", 16);
  CHECK(finish(session) == CASSETTE_ERROR && said(session, "does not take the operation"));
  cassette_prepare(session, "SELECT none", 11);
  CHECK(finish(session) == CASSETTE_ERROR && said(session, "does not exist"));
  uint8_t id[16] = {0};
  CHECK(cassette_submit(session, id, 1, 1, 0) == CASSETTE_ERROR);
  close_session(session);
}

/* Neither an answer nor a time-out of the driver: a sample of its own limit, others as ever. */
void test_never_answered(void) {
  cassette_session_id session = new_session("1", "16");
  CHECK(set(session, "answer_limit", "150"));
  opened(session);
  enum { SAMPLES = 40 };
  uint8_t ids[SAMPLES * 16];
  for (uint32_t i = 0; i < SAMPLES; i++)
    make_id(ids + i * 16, BLOB, i % 4 == 1 ? 255 : 1, 0, 0, LENGTH, (int32_t)i);
  CHECK(cassette_submit(session, ids, SAMPLES, 1, 0) == CASSETTE_READY);
  cassette_done done = wait_one(session);
  CHECK(done.failures == SAMPLES / 4);
  for (uint32_t i = 0; i < SAMPLES; i++) {
    if (i % 4 == 1) CHECK(status(&done, i) == CASSETTE_TIMEOUT);
    else check_blob(&done, i, LENGTH, (int32_t)i);
  }
  cassette_batch_release(done.batch, 0);
  CHECK(cassette_submit(session, ids, SAMPLES, 2, 9) == CASSETTE_READY);
  usleep(50000);
  cassette_cancel(session, 2);
  usleep(300000); /* those that were lost are answered when the session closes */
  cassette_stats_data stats;
  cassette_stats(session, &stats);
  CHECK(stats.in_flight == 0);
  close_session(session);
}

static void *dispose(void *data) {
  cassette_session_free(*(cassette_session_id *)data);
  return NULL;
}

/* Freeing ends in bounded time, and its threads at last, whatever the driver holds. */
void test_never_closes(void) {
  static const char *contacts[] = {"here", "silent", "never-closes"};
  for (int round = 0; round < 3; round++) {
    int before = threads_alive();
    cassette_session_id session = new_session("1", "16");
    CHECK(set(session, "contact_points", contacts[round]));
    CHECK(set(session, "close_limit", "200"));
    uint8_t id[16];
    if (round == 1) cassette_connect(session);
    else opened(session);
    make_id(id, FAKE_NEVER, 0, 0, 0, LENGTH, 1);
    if (round != 1) CHECK(cassette_submit(session, id, 1, 1, 0) == CASSETTE_READY);
    usleep(20000);
    double begin = seconds();
    cassette_close(session);
    CHECK(cassette_operation_wait(session, 50) == CASSETTE_PENDING);
    pthread_t thread;
    pthread_create(&thread, NULL, dispose, &session);
    pthread_join(thread, NULL);
    CHECK(seconds() - begin < 20);
    /* The driver's own two threads go on if it is what does not close. */
    int others = round == 0 ? 0 : 2;
    for (int waited = 0; waited < 1000 && threads_alive() > before + others; waited++) usleep(10000);
    CHECK(threads_alive() <= before + others);
  }
}

/* A table that is gone: told at once, in place of retries until they are used up. */
void test_refused(void) {
  cassette_session_id session = new_session("1", "64");
  CHECK(set(session, "retries", "8"));
  CHECK(set(session, "backoff", "5000"));
  opened(session);
  enum { SAMPLES = 50 };
  uint8_t ids[SAMPLES * 16];
  double begin = seconds();
  for (uint64_t token = 1; token <= 3; token++) {
    for (uint32_t i = 0; i < SAMPLES; i++)
      make_id(ids + i * 16, FAKE_REFUSED, i % 5, i % 2, 0, LENGTH, 1);
    CHECK(cassette_submit(session, ids, SAMPLES, token, token % 2) == CASSETTE_READY);
    cassette_done done = wait_one(session);
    CHECK(done.failures == SAMPLES);
    const uint8_t *record = done.arena + done.errors;
    for (uint32_t i = 0; i < SAMPLES; i++) {
      uint32_t fields[4];
      memcpy(fields, record, sizeof fields);
      CHECK(status(&done, i) == CASSETTE_FAILED && fields[1] == (2u << 24 | 0x2200));
      CHECK(memcmp(record + 16, "table data does not exist", fields[3]) == 0 && fields[3] == 25);
      record += 16 + ((fields[3] + 3) & ~3u);
    }
    cassette_batch_release(done.batch, 0);
  }
  CHECK(seconds() - begin < 4);
  /* It is there again: asked for at once, as each sample is sent once at least. */
  void (*back)(void);
  void *symbol = dlsym(dlopen(driver_path, RTLD_NOW), "fake_table_is_back");
  memcpy(&back, &symbol, sizeof back);
  back();
  for (uint32_t i = 0; i < SAMPLES; i++) make_id(ids + i * 16, BLOB, 1, 0, 0, LENGTH, 1);
  CHECK(cassette_submit(session, ids, SAMPLES, 9, 0) == CASSETTE_READY);
  cassette_done done = wait_one(session);
  CHECK(done.failures == 0);
  cassette_batch_release(done.batch, 0);
  close_session(session);
}
