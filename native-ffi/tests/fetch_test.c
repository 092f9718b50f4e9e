/*
 * Tests of the fetch without a database: fetch_test DRIVER [TEST…], where DRIVER is fake_driver.c as
 * a library; a test with a minus before it is left out. Each test prints its name; the first failure ends the program.
 */
#include "fetch_support.h"

#include <dirent.h>

cassette_driver *driver;
const char *driver_path;
uint32_t next_sample;
const char *statement;

static void test_order(void) {
  cassette_session_id session = open_session("1", "64");
  enum { COUNT = 1000 };
  uint8_t *ids = malloc(COUNT * 16);
  for (uint32_t i = 0; i < COUNT; i++)
    make_id(ids + i * 16, BLOB, (uint8_t)(i % 7), i % 3 == 0, 0, i % 4000 + 1, (int32_t)i - 500);
  CHECK(cassette_submit(session, ids, COUNT, 7, 0) == CASSETTE_READY);
  memset(ids, 0, COUNT * 16);
  cassette_done done = wait_one(session);
  CHECK(done.token == 7 && done.count == COUNT && done.failures == 0);
  for (uint32_t i = 0; i < COUNT; i++) {
    check_blob(&done, i, i % 4000 + 1, (int32_t)i - 500);
    CHECK(label(&done, i) == (int32_t)i - 500);
  }
  cassette_batch_release(done.batch, 0);
  cassette_stats_data stats;
  cassette_stats(session, &stats);
  CHECK(stats.requested == COUNT && stats.delivered == COUNT && stats.failed == 0);
  CHECK(stats.in_flight == 0 && stats.waiting == 0 && stats.batches == 0);
  uint64_t answers = 0;
  for (int b = 0; b < CASSETTE_LATENCY_BUCKETS; b++) answers += stats.latency[b];
  CHECK(answers == COUNT);
  free(ids);
  close_session(session);
}

static void test_failures(void) {
  cassette_session_id session = open_session("1", "4");
  static const uint8_t what[] = {BLOB, NO_ROW, NO_DATA, NO_BYTES,   NO_TIME, OVERLOADED,
                                 BLOB, INVALID, WRONG_TYPE, NO_LABEL, BLOB};
  static const uint8_t expected[] = {CASSETTE_OK,          CASSETTE_MISSING_ROW,
                                     CASSETTE_NULL_BLOB,   CASSETTE_EMPTY_BLOB,
                                     CASSETTE_TIMEOUT,     CASSETTE_FAILED,
                                     CASSETTE_OK,          CASSETTE_FAILED,
                                     CASSETTE_WRONG_TYPE,  CASSETTE_OK | CASSETTE_LABEL_NULL,
                                     CASSETTE_OK};
  enum { COUNT = sizeof what };
  uint8_t ids[COUNT * 16];
  for (uint32_t i = 0; i < COUNT; i++)
    make_id(ids + i * 16, what[i], i % 2, (i + 1) % 2, 0, 100 + i, (int32_t)i);
  CHECK(cassette_submit(session, ids, COUNT, 1, 0) == CASSETTE_READY);
  cassette_done done = wait_one(session);
  CHECK(done.count == COUNT && done.failures == 7);
  const uint8_t *record = done.arena + done.errors;
  for (uint32_t i = 0; i < COUNT; i++) {
    CHECK(status(&done, i) == expected[i]);
    if ((expected[i] & ~CASSETTE_LABEL_NULL) == CASSETTE_OK) {
      CHECK(length(&done, i) == 100 + i && blob(&done, i)[0] == i);
      continue;
    }
    CHECK(length(&done, i) == 0);
    uint32_t fields[4];
    memcpy(fields, record, sizeof fields);
    CHECK(fields[0] == i);
    CHECK(fields[2] == (what[i] == NO_TIME || what[i] == OVERLOADED ? 4 : 1));
    if (what[i] == INVALID) {
      CHECK(fields[1] == (2u << 24 | 0x2200) && fields[3] == strlen("unconfigured table"));
      CHECK(memcmp(record + 16, "unconfigured table", fields[3]) == 0);
    }
    record += 16 + ((fields[3] + 3) & ~3u);
  }
  cassette_batch_release(done.batch, 0);
  cassette_stats_data stats;
  cassette_stats(session, &stats);
  CHECK(stats.failed == 7 && stats.retries == 6);
  close_session(session);
}

static void test_retries(void) {
  cassette_session_id session = open_session("1", "16");
  enum { COUNT = 200 };
  uint8_t ids[COUNT * 16];
  for (uint32_t i = 0; i < COUNT; i++)
    make_id(ids + i * 16, BLOB, 0, i % 2, (uint8_t)(i % 4), 20, (int32_t)i);
  CHECK(cassette_submit(session, ids, COUNT, 1, 0) == CASSETTE_READY);
  cassette_done done = wait_one(session);
  CHECK(done.failures == 0);
  for (uint32_t i = 0; i < COUNT; i++) check_blob(&done, i, 20, (int32_t)i);
  cassette_batch_release(done.batch, 0);
  cassette_stats_data stats;
  cassette_stats(session, &stats);
  CHECK(stats.retries == COUNT / 4 * 6);
  close_session(session);
}

static void test_blob_labels(void) {
  cassette_session_id session = open_session("2", "16");
  enum { COUNT = 20 };
  uint8_t ids[COUNT * 16];
  for (uint32_t i = 0; i < COUNT; i++)
    make_id(ids + i * 16, i == 4 ? NO_LABEL : i == 5 ? NO_ROW : BLOB, 0, 0, 0, 1, (int32_t)i);
  CHECK(cassette_submit(session, ids, COUNT, 1, 0) == CASSETTE_READY);
  cassette_done done = wait_one(session);
  uint64_t at = done.label_bytes;
  for (uint32_t i = 0; i < COUNT; i++) {
    uint32_t expected = i == 4 || i == 5 ? 0 : i % 5;
    CHECK(label(&done, i) == (int32_t)expected);
    for (uint32_t k = 0; k < expected; k++) CHECK(done.arena[at++] == i);
  }
  CHECK(at == done.label_bytes + done.label_size);
  cassette_batch_release(done.batch, 0);
  close_session(session);
}

static void test_many_batches(void) {
  cassette_session_id session = open_session("0", "100");
  enum { BATCHES = 40, COUNT = 50 };
  uint8_t ids[COUNT * 16];
  bool seen[BATCHES + 1] = {false};
  for (uint32_t b = 1; b <= BATCHES; b++) {
    for (uint32_t i = 0; i < COUNT; i++)
      make_id(ids + i * 16, BLOB, (uint8_t)((b * 7 + i) % 5), 0, 0, 70000, (int32_t)(b + i));
    CHECK(cassette_submit(session, ids, COUNT, b, 0) == CASSETTE_READY);
  }
  for (uint32_t picked = 0; picked < BATCHES;) {
    cassette_done done[3];
    uint32_t count = cassette_wait(session, 100, done, 3);
    for (uint32_t k = 0; k < count; k++, picked++) {
      CHECK(done[k].token >= 1 && done[k].token <= BATCHES && !seen[done[k].token]);
      seen[done[k].token] = true;
      for (uint32_t i = 0; i < COUNT; i++)
        check_blob(&done[k], i, 70000, (int32_t)(done[k].token + i));
      cassette_batch_release(done[k].batch, 0);
    }
  }
  cassette_stats_data stats;
  cassette_stats(session, &stats);
  CHECK(stats.arena_bytes < (uint64_t)BATCHES * COUNT * 70000 * 5 / 4);
  close_session(session);
}

static void test_cancel(void) {
  cassette_session_id session = open_session("0", "8");
  uint8_t ids[100 * 16];
  for (uint32_t i = 0; i < 100; i++) make_id(ids + i * 16, BLOB, 20, 0, 0, 10, 0);
  CHECK(cassette_submit(session, ids, 100, 1, 0) == CASSETTE_READY);
  for (uint32_t i = 0; i < 100; i++) make_id(ids + i * 16, NO_TIME, 0, 0, 0, 10, 0);
  CHECK(cassette_submit(session, ids, 100, 2, 0) == CASSETTE_READY);
  for (uint32_t i = 0; i < 10; i++) make_id(ids + i * 16, BLOB, 0, 0, 0, 10, 3);
  CHECK(cassette_submit(session, ids, 10, 3, 0) == CASSETTE_READY);
  cassette_cancel(session, 1);
  cassette_cancel(session, 1);
  usleep(3000);
  cassette_cancel(session, 2);
  cassette_cancel(session, 99);
  cassette_done done = wait_one(session);
  CHECK(done.token == 3 && done.failures == 0);
  cassette_cancel(session, 3);
  check_blob(&done, 9, 10, 3);
  cassette_batch_release(done.batch, 0);
  for (uint32_t i = 0; i < 10; i++) make_id(ids + i * 16, BLOB, 0, 1, 0, 10, 3);
  CHECK(cassette_submit(session, ids, 10, 4, 0) == CASSETTE_READY);
  usleep(20000);
  cassette_cancel(session, 4);
  CHECK(cassette_wait(session, 50, &done, 1) == 0);
  close_session(session);
}

static void test_close_while_fetching(void) {
  cassette_session_id session = open_session("1", "16");
  uint8_t ids[300 * 16];
  for (uint32_t i = 0; i < 100; i++) make_id(ids + i * 16, BLOB, 0, 0, 0, 5000, 1);
  CHECK(cassette_submit(session, ids, 100, 1, 0) == CASSETTE_READY);
  cassette_done kept = wait_one(session);
  for (uint32_t i = 0; i < 300; i++)
    make_id(ids + i * 16, i % 3 ? BLOB : NO_TIME, i % 2 ? 255 : 1, 0, 0, 500, 1);
  CHECK(cassette_submit(session, ids, 300, 2, 0) == CASSETTE_READY);
  usleep(5000);
  double begin = seconds();
  cassette_close(session);
  CHECK(cassette_submit(session, ids, 300, 3, 0) == CASSETTE_ERROR);
  CHECK(finish(session) == CASSETTE_READY);
  CHECK(seconds() - begin < 5);
  cassette_session_free(session);
  for (uint32_t i = 0; i < 100; i++) check_blob(&kept, i, 5000, 1);
  cassette_batch_release(kept.batch, 0);
}

static void test_close_at_once(void) {
  uint8_t ids[100 * 16];
  for (int round = 0; round < 100; round++) {
    cassette_session_id session = open_session("0", "64");
    for (uint32_t i = 0; i < 100; i++) make_id(ids + i * 16, BLOB, i % 2, i % 3 == 0, 0, 50, 1);
    CHECK(cassette_submit(session, ids, 100, 1, 0) == CASSETTE_READY);
    CHECK(cassette_submit(session, ids, 100, 2, 0) == CASSETTE_READY);
    usleep((useconds_t)round * 10);
    close_session(session);
  }
}

static void test_free_without_close(void) {
  cassette_session_free(cassette_session_new(driver));
  cassette_session_id session = new_session("0", "16");
  CHECK(set(session, "contact_points", "slow"));
  cassette_connect(session);
  cassette_session_free(session);
  session = open_session("0", "16");
  uint8_t id[16];
  make_id(id, BLOB, 50, 0, 0, 10, 0);
  CHECK(cassette_submit(session, id, 1, 1, 0) == CASSETTE_READY);
  cassette_session_free(session);
  usleep(500000); /* the background must end before the leak check */
}

static void test_refusals(void) {
  cassette_session_id session = new_session("0", "16");
  CHECK(!set(session, "no_such_option", "1"));
  CHECK(!set(session, "port", "x"));
  CHECK(!set(session, "port", ""));
  CHECK(!set(session, "retries", "17"));
  CHECK(!set(session, "label_type", "3"));
  CHECK(!set(session, "io_threads", "0"));
  CHECK(!set(session, "tls_ca", "not a certificate"));
  CHECK(!set(session, "tls_verify", "maybe"));
  CHECK(!set(session, "tls_key", "-----key"));
  CHECK(set(session, "tls_passphrase", "secret") && set(session, "tls_key", "-----key"));
  CHECK(!set(session, "cloud_bundle", "bundle.zip"));
  uint8_t id[16] = {0};
  CHECK(cassette_submit(session, id, 1, 1, 0) == CASSETTE_ERROR);
  CHECK(set(session, "username", "stranger") && set(session, "password", "x"));
  cassette_connect(session);
  CHECK(finish(session) == CASSETTE_ERROR);
  CHECK(cassette_operation_code(session) == (2u << 24 | 0x100));
  uint8_t text[5];
  CHECK(cassette_session_text(session, text, 5) == 12 && memcmp(text, "unkno", 5) == 0);
  close_session(session);
  char error[200] = "";
  CHECK(!cassette_driver_open("libno-such-driver.so", NULL, error, sizeof error));
  CHECK(strstr(error, "libno-such-driver.so"));
  CHECK(!cassette_driver_open("libc.so.6", NULL, error, sizeof error));
  CHECK(strstr(error, "cass_cluster_new"));
}

static void test_query(void) {
  cassette_session_id session = open_session("0", "16");
  const char *cql = "SELECT table_name FROM system_schema.tables";
  cassette_query(session, cql, (uint32_t)strlen(cql));
  CHECK(finish(session) == CASSETTE_READY);
  uint32_t words[4] = {0};
  CHECK(cassette_session_text(session, (uint8_t *)words, sizeof words) == 16);
  CHECK(words[0] == 1 && words[1] == 1 && words[2] == 4 && memcmp(&words[3], "data", 4) == 0);
  cassette_prepare(session, "SELECT", 6);
  CHECK(finish(session) == CASSETTE_ERROR);
  close_session(session);
}

static void test_wake_and_logs(void) {
  cassette_session_id session = open_session("0", "16");
  cassette_done done;
  /* The shortest of some waits each, as others work on the machine too. */
  double woken = 100, capped = 100;
  for (int i = 0; i < 10; i++) {
    double begin = seconds();
    cassette_wake(session);
    CHECK(cassette_wait(session, 100, &done, 1) == 0);
    double time = seconds() - begin;
    if (time < woken) woken = time;
  }
  CHECK(woken < 0.05);
  for (int i = 0; i < 3; i++) {
    double begin = seconds();
    CHECK(cassette_wait(session, 100000, &done, 1) == 0);
    double time = seconds() - begin;
    if (time < capped) capped = time;
  }
  CHECK(capped >= 0.09 && capped < 0.5);
  CHECK(cassette_submit(session, NULL, 0, 5, 0) == CASSETTE_READY);
  done = wait_one(session);
  CHECK(done.token == 5 && done.count == 0);
  cassette_batch_release(done.batch, 0);
  uint8_t text[4096];
  while (cassette_log_take(driver, text, sizeof text) > 0) {}
  for (int i = 0; i < 300; i++) cassette_log_level(driver, 3);
  uint32_t size = 0, total = 0;
  CHECK(cassette_log_take(driver, text, 10) == 0);
  while ((size = cassette_log_take(driver, text, 100)) > 0) {
    CHECK(size % 24 == 0 && memcmp(text + 8, "level changed", 13) == 0);
    total += size / 24;
  }
  CHECK(total == 128);
  close_session(session);
}

static const struct {
  const char *name;
  void (*run)(void);
} tests[] = {{"order", test_order},
             {"failures", test_failures},
             {"retries", test_retries},
             {"blob_labels", test_blob_labels},
             {"many_batches", test_many_batches},
             {"cancel", test_cancel},
             {"close_while_fetching", test_close_while_fetching},
             {"close_at_once", test_close_at_once},
             {"free_without_close", test_free_without_close},
             {"refusals", test_refusals},
             {"query", test_query},
             {"wake_and_logs", test_wake_and_logs},
             {"groups", test_groups},
             {"group_cancel", test_group_cancel},
             {"group_cancel_copying", test_group_cancel_copying},
             {"group_close", test_group_close},
             {"threads", test_threads},
             {"lies", test_lies},
             {"int_as_blob", test_int_as_blob},
             {"operation_lies", test_operation_lies},
             {"never_answered", test_never_answered},
             {"never_closes", test_never_closes},
             {"refused", test_refused},
             {"retry_times", test_retry_times},
             {"large_blobs", test_large_blobs},
             {"label_bytes", test_label_bytes},
             {"mean", test_mean},
             {"no_session", test_no_session},
             {"views", test_views},
             {"abandon", test_abandon}};

int threads_alive(void) {
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return 0;
  int entries = 0;
  while (readdir(tasks)) entries++;
  closedir(tasks);
  return entries;
}

/*
 * Sessions that are freed without a close end on threads of their own: what they hold is no leak. A
 * sanitizer may have a thread of its own that stays, so the wait has an end.
 */
static void wait_for_threads(int before) {
  for (int waited = 0; waited < 3000 && threads_alive() > before; waited += 10) usleep(10000);
}

int main(int count, char **arguments) {
  char error[1024] = "";
  int threads = threads_alive();
  driver_path = arguments[1];
  driver = count > 1 ? cassette_driver_open(arguments[1], NULL, error, sizeof error) : NULL;
  if (!driver) {
    fprintf(stderr, "usage: fetch_test DRIVER [TEST...] %s\n", error);
    return 2;
  }
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
    bool wanted = count == 2 || arguments[2][0] == '-';
    for (int k = 2; k < count; k++) {
      if (strcmp(arguments[k], tests[i].name) == 0) wanted = true;
      if (arguments[k][0] == '-' && strcmp(arguments[k] + 1, tests[i].name) == 0) wanted = false;
    }
    if (!wanted) continue;
    printf("%s\n", tests[i].name);
    fflush(stdout);
    tests[i].run();
  }
  wait_for_threads(threads);
  return 0;
}
