/* What the tests of the fetch share: sessions, ids that say what shall happen, and checks. */
#ifndef FETCH_SUPPORT_H
#define FETCH_SUPPORT_H

#include "../cassette_fetch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                      \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

enum { BLOB, NO_ROW, NO_DATA, NO_BYTES, NO_TIME, OVERLOADED, INVALID, WRONG_TYPE, NO_LABEL,
       SLOW_FREE };

extern cassette_driver *driver;
extern const char *driver_path;
extern uint32_t next_sample;
extern const char *statement; /* what opened prepares, as new_session's label_type has it */

static inline double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static inline void make_id(uint8_t *id, uint8_t what, uint8_t delay, uint8_t at_once, uint8_t failures,
                    uint32_t length, int32_t label) {
  uint32_t number = next_sample++;
  id[0] = what;
  id[1] = delay;
  id[2] = at_once;
  id[3] = failures;
  memcpy(id + 4, &length, 4);
  memcpy(id + 8, &label, 4);
  memcpy(id + 12, &number, 4);
}

static inline bool set(cassette_session_id session, const char *name, const char *value) {
  return cassette_session_set(session, name, value, (uint32_t)strlen(value)) == CASSETTE_READY;
}

static inline int32_t finish(cassette_session_id session) {
  int32_t outcome;
  while ((outcome = cassette_operation_wait(session, 100)) == CASSETTE_PENDING) {}
  return outcome;
}

static inline cassette_session_id new_session(const char *label_type, const char *in_flight) {
  cassette_session_id session = cassette_session_new(driver);
  CHECK(session);
  statement = label_type[0] == '0'   ? "SELECT data, id"
              : label_type[0] == '1' ? "SELECT id, data, label"
                                     : "SELECT id, data, mask";
  CHECK(set(session, "contact_points", "here"));
  CHECK(set(session, "label_type", label_type));
  CHECK(set(session, "max_in_flight", in_flight));
  CHECK(set(session, "retries", "3"));
  CHECK(set(session, "backoff", "2"));
  return session;
}

static inline cassette_session_id opened(cassette_session_id session) {
  cassette_connect(session);
  CHECK(finish(session) == CASSETTE_READY);
  cassette_prepare(session, statement, (uint32_t)strlen(statement));
  CHECK(finish(session) == CASSETTE_READY);
  return session;
}

static inline cassette_session_id open_session(const char *label_type, const char *in_flight) {
  return opened(new_session(label_type, in_flight));
}

static inline void close_session(cassette_session_id session) {
  cassette_close(session);
  CHECK(finish(session) == CASSETTE_READY);
  cassette_session_free(session);
}

static inline cassette_done wait_one(cassette_session_id session) {
  cassette_done done;
  double end = seconds() + 20;
  while (cassette_wait(session, 100, &done, 1) == 0) CHECK(seconds() < end);
  return done;
}

static inline uint8_t status(const cassette_done *done, uint32_t i) {
  return done->arena[done->statuses + i];
}

static inline uint32_t length(const cassette_done *done, uint32_t i) {
  return ((const uint32_t *)(const void *)(done->arena + done->lengths))[i];
}

static inline int32_t label(const cassette_done *done, uint32_t i) {
  return ((const int32_t *)(const void *)(done->arena + done->labels))[i];
}

static inline const uint8_t *blob(const cassette_done *done, uint32_t i) {
  double offset = ((const double *)(const void *)(done->arena + done->offsets))[i];
  return done->arena + done->blobs + (uint64_t)offset;
}

static inline void check_blob(const cassette_done *done, uint32_t i, uint32_t expected, int32_t first) {
  CHECK(status(done, i) == CASSETTE_OK);
  CHECK(length(done, i) == expected);
  const uint8_t *bytes = blob(done, i);
  CHECK((uintptr_t)bytes % CASSETTE_BLOB_ALIGNMENT == 0);
  CHECK(bytes + expected <= done->arena + done->size);
  for (uint32_t k = 0; k < expected; k++) CHECK(bytes[k] == (uint8_t)(k + (uint32_t)first));
  for (uint32_t k = expected; k % CASSETTE_BLOB_ALIGNMENT != 0; k++) CHECK(bytes[k] == 0);
}

/* lies_test.c */
void test_lies(void);
void test_int_as_blob(void);
void test_operation_lies(void);
void test_never_answered(void);
void test_never_closes(void);
void test_refused(void);

/* threads_test.c */
void test_threads(void);

/* retry_test.c */
void test_retry_times(void);

/* memory_test.c */
void test_large_blobs(void);
void test_label_bytes(void);
void test_mean(void);
void test_no_session(void);
void test_views(void);
void test_abandon(void);

/* fetch_test.c */
int threads_alive(void);

/* group_test.c */
void test_groups(void);
void test_group_cancel(void);
void test_group_cancel_copying(void);
void test_group_close(void);

#endif
