/* How much memory batches take, and how long it and sessions live. */
#include "fetch_support.h"

#include "fake_driver.h"

enum { MIB = 1 << 20 };

static void fetch(cassette_session_id session, uint32_t count, uint32_t length, uint32_t first,
                  cassette_done *done) {
  uint8_t *ids = malloc(count * 16);
  static uint64_t token;
  for (uint32_t i = 0; i < count; i++)
    make_id(ids + i * 16, BLOB, 0, 0, 0, i == 0 ? first : length, 1);
  CHECK(cassette_submit(session, ids, count, ++token, 0) == CASSETTE_READY);
  free(ids);
  *done = wait_one(session);
  CHECK(done->count == count);
}

static uint64_t arena_bytes(cassette_session_id session) {
  cassette_stats_data stats;
  cassette_stats(session, &stats);
  return stats.arena_bytes;
}

void test_large_blobs(void) {
  cassette_session_id session = new_session("2", "16");
  CHECK(set(session, "max_blob_bytes", "1000"));
  opened(session);
  cassette_done done;
  fetch(session, 3, 1000, 1001, &done);
  CHECK(done.failures == 1 && status(&done, 0) == CASSETTE_LARGE_BLOB);
  uint32_t fields[4];
  memcpy(fields, done.arena + done.errors, sizeof fields);
  CHECK(fields[3] == 4 && memcmp(done.arena + done.errors + 16, "1001", 4) == 0);
  check_blob(&done, 1, 1000, 1);
  cassette_batch_release(done.batch, 0);
  close_session(session);
}

/* Arenas that are taken before all has come have room for labels that are blobs. */
void test_label_bytes(void) {
  cassette_session_id session = open_session("2", "64");
  enum { COUNT = 64, LABEL = 70000, LATE_MS = 200, TRIES = 20 };
  uint8_t ids[COUNT * 16];
  bool in_place = false; /* blobs lie where they were put when they came */
  for (uint64_t token = 1; token <= TRIES && !in_place; token++) {
    /* One comes late, so that the others are there before; on a busy machine not each time. */
    for (uint32_t i = 0; i < COUNT; i++)
      make_id(ids + i * 16, BLOB, i + 1 < COUNT ? 0 : LATE_MS, 0, 0, 1000, FAKE_LARGE_LABEL + LABEL);
    CHECK(cassette_submit(session, ids, COUNT, token, 0) == CASSETTE_READY);
    cassette_done done = wait_one(session);
    CHECK(done.failures == 0 && done.label_size == COUNT * LABEL);
    in_place = token > 1 && done.blobs == 0;
    cassette_batch_release(done.batch, 0);
  }
  CHECK(in_place);
  close_session(session);
}

/* One huge sample makes its own batch large, and not those after it. */
void test_mean(void) {
  cassette_session_id session = open_session("1", "64");
  cassette_done done;
  fetch(session, 1, 0, 64 * MIB, &done); /* nothing else is known yet */
  cassette_batch_release(done.batch, 0);
  for (int i = 0; i < 4; i++) {
    fetch(session, 64, 10000, 10000, &done);
    CHECK(done.capacity < 2 * MIB);
    cassette_batch_release(done.batch, 0);
  }
  fetch(session, 64, 10000, 64 * MIB, &done);
  cassette_batch_release(done.batch, 0);
  uint32_t retired = 0;
  for (int i = 0; i < 1100; i++) {
    fetch(session, i < 4 ? 512 : 4, 10000, 10000, &done);
    CHECK(done.capacity < 16 * MIB);
    retired += done.retired > 0;
    cassette_batch_release(done.batch, 0);
  }
  CHECK(retired > 0);
  CHECK(arena_bytes(session) < 32 * MIB);
  close_session(session);
}

/* A number that is no session's does nothing, before and after: no memory of it is read. */
void test_no_session(void) {
  cassette_session_id session = open_session("1", "16");
  uint8_t id[16];
  make_id(id, BLOB, 0, 0, 0, 10, 1);
  CHECK(cassette_submit(session, id, 1, 1, 0) == CASSETTE_READY);
  cassette_done done = wait_one(session);
  cassette_session_free(session);
  cassette_session_id none[] = {session, 0, 1u << 30};
  for (int i = 0; i < 3; i++) {
    cassette_stats_data stats;
    memset(&stats, 1, sizeof stats);
    cassette_stats(none[i], &stats);
    CHECK(stats.requested == 0 && stats.latency[CASSETTE_LATENCY_BUCKETS - 1] == 0);
    CHECK(!set(none[i], "port", "1"));
    CHECK(cassette_submit(none[i], id, 1, 1, 0) == CASSETTE_ERROR);
    CHECK(cassette_operation_wait(none[i], 100) == CASSETTE_ERROR);
    cassette_done other;
    CHECK(cassette_wait(none[i], 100, &other, 1) == 0 && cassette_picked(none[i]) == NULL);
    CHECK(cassette_session_text(none[i], id, 16) == 0 && cassette_operation_code(none[i]) == 0);
    cassette_connect(none[i]);
    cassette_query(none[i], "", 0);
    cassette_prepare(none[i], "", 0);
    cassette_cancel(none[i], 1);
    cassette_wake(none[i]);
    cassette_close(none[i]);
    cassette_session_free(none[i]);
    cassette_session_abandon(none[i]);
  }
  check_blob(&done, 0, 10, 1);
  cassette_batch_release(done.batch, 0);
}

static void *count_on(void *data) {
  cassette_session_id session = *(cassette_session_id *)data;
  cassette_stats_data stats;
  do cassette_stats(session, &stats);
  while (stats.requested > 0);
  return NULL;
}

/* What is viewed stays, whatever becomes of the batch and the session. */
void test_views(void) {
  cassette_session_id session = open_session("1", "16");
  cassette_done done;
  fetch(session, 20, 1000, 1000, &done);
  uint8_t *kept = done.arena;
  cassette_view(kept);
  cassette_batch_release(done.batch, 1); /* the caller keeps its view for the next batch */
  fetch(session, 20, 1000, 1000, &done);
  CHECK(done.arena == kept);
  uint8_t *moved = done.arena;
  cassette_batch_release(done.batch, 0); /* somebody else has the view */
  CHECK(arena_bytes(session) == 0);
  fetch(session, 20, 1000, 1000, &done);
  CHECK(done.arena != moved);
  cassette_done last = done;
  fetch(session, 20, 1000, 1000, &done);
  cassette_view(done.arena);
  pthread_t thread;
  pthread_create(&thread, NULL, count_on, &session);
  cassette_session_free(session);
  pthread_join(thread, NULL);
  check_blob(&last, 5, 1000, 1);
  cassette_batch_release(last.batch, 0);
  cassette_batch_release(done.batch, 0);
  for (uint32_t i = 0; i < 20 * 1000; i++) moved[i] = done.arena[i] = 1;
  cassette_view_drop(moved);
  cassette_view_drop(done.arena);
}

static void *wait_long(void *data) {
  cassette_done done[4];
  cassette_wait(*(cassette_session_id *)data, 100, done, 4);
  return NULL;
}

/* A caller that is gone gives nothing back: not batches, and not a wait that is under way. */
void test_abandon(void) {
  int before = threads_alive();
  for (int round = 0; round < 25; round++) {
    cassette_session_id session = open_session("1", "16");
    cassette_done done;
    fetch(session, 20, 1000, 1000, &done);
    cassette_view(done.arena);
    uint8_t ids[100 * 16];
    for (uint32_t i = 0; i < 100; i++) make_id(ids + i * 16, BLOB, round % 3 ? 255 : 1, 0, 0, 50, 1);
    CHECK(cassette_submit(session, ids, 100, 999, 0) == CASSETTE_READY);
    pthread_t thread;
    pthread_create(&thread, NULL, wait_long, &session);
    usleep((useconds_t)(round % 4) * 1000);
    double begin = seconds();
    cassette_session_abandon(session);
    CHECK(seconds() - begin < 1);
    done.arena[done.size - 1] = 1; /* a view of it is still held */
    cassette_view_drop(done.arena);
    pthread_join(thread, NULL);
  }
  for (int waited = 0; waited < 1000 && threads_alive() > before; waited++) usleep(10000);
  CHECK(threads_alive() <= before);
}
