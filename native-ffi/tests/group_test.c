/* Batches that exchange samples. */
#include "fetch_support.h"

enum { BATCHES = 12, COUNT = 40, SLOW_MS = 200 };

/* Ids of one batch: each fifth is slow, each seventh fails after all, some are tried twice. */
static void make_ids(uint8_t *ids, uint32_t batch) {
  for (uint32_t i = 0; i < COUNT; i++) {
    uint8_t what = i % 7 == 6 ? NO_ROW : BLOB;
    uint8_t delay = i % 5 == 4 ? SLOW_MS : (uint8_t)(i % 3);
    make_id(ids + i * 16, what, delay, i % 2, what == BLOB && i % 11 == 10, 100 + i,
            (int32_t)(batch * COUNT + i));
  }
}

void test_groups(void) {
  cassette_session_id session = new_session("1", "1000");
  CHECK(set(session, "copy_threads", "1")); /* batches end in the order in which they were filled */
  opened(session);
  uint8_t ids[COUNT * 16];
  bool seen[2][BATCHES * COUNT] = {{false}};
  for (uint32_t b = 0; b < BATCHES; b++) {
    make_ids(ids, b);
    /* Two groups in turn; the last batch of each is smaller. */
    uint32_t count = b >= BATCHES - 2 ? COUNT / 2 : COUNT;
    CHECK(cassette_submit(session, ids, count, ((uint64_t)9 << 32) + b + 1, 1 + b % 2) ==
          CASSETTE_READY);
  }
  uint64_t last[2] = {0};
  uint32_t quick = 0;
  for (uint32_t picked = 0; picked < BATCHES; picked++) {
    cassette_done done = wait_one(session);
    uint32_t token = (uint32_t)done.token, group = token % 2;
    CHECK(token > last[group]); /* the first to be submitted is filled first */
    last[group] = token;
    CHECK(done.count == (token > BATCHES - 2 ? COUNT / 2 : COUNT));
    bool slow = false;
    for (uint32_t i = 0; i < done.count; i++) {
      uint32_t from = done.origins[2 * i] - 1, index = done.origins[2 * i + 1];
      CHECK(from < BATCHES && from % 2 == (token - 1) % 2 && index < COUNT);
      uint32_t sample = from * COUNT + index;
      CHECK(!seen[group][sample]);
      seen[group][sample] = true;
      slow = slow || (index % 5 == 4 && index % 2 == 0); /* the others are answered at once */
      if (index % 7 == 6) {
        CHECK(status(&done, i) == CASSETTE_MISSING_ROW);
        continue;
      }
      check_blob(&done, i, 100 + index, (int32_t)sample);
      CHECK(label(&done, i) == (int32_t)sample);
    }
    if (!slow) quick++; /* it did not wait for those of its own that were slow */
    cassette_batch_release(done.batch, 0);
  }
  CHECK(quick >= BATCHES / 2);
  uint32_t all = 0;
  for (uint32_t i = 0; i < BATCHES * COUNT; i++) all += seen[0][i] + seen[1][i];
  CHECK(all == (BATCHES - 2) * COUNT + 2 * (COUNT / 2));
  cassette_stats_data stats;
  cassette_stats(session, &stats);
  CHECK(stats.in_flight == 0 && stats.waiting == 0 && stats.batches == 0 && stats.retries > 0);
  close_session(session);
}

/* A group goes as a whole, others stay; what was whole before comes. */
void test_group_cancel(void) {
  for (int round = 0; round < 20; round++) {
    cassette_session_id session = open_session("1", round % 2 ? "16" : "1000");
    uint8_t ids[COUNT * 16];
    for (uint32_t b = 1; b <= 6; b++) {
      make_ids(ids, b);
      CHECK(cassette_submit(session, ids, COUNT, b, 1 + b % 2) == CASSETTE_READY);
    }
    usleep((useconds_t)round * 500);
    cassette_cancel(session, 5);
    cassette_cancel(session, 3);
    cassette_cancel(session, 1);
    uint32_t even = 0;
    while (even < 3) {
      cassette_done done = wait_one(session);
      CHECK(done.token % 2 == 0);
      even++;
      cassette_batch_release(done.batch, 0);
    }
    /* The same number begins a new group. */
    for (uint32_t i = 0; i < COUNT; i++) make_id(ids + i * 16, BLOB, 0, 0, 0, 9, (int32_t)i);
    CHECK(cassette_submit(session, ids, COUNT, 7, 2) == CASSETTE_READY);
    cassette_done done = wait_one(session);
    CHECK(done.token == 7 && done.failures == 0);
    for (uint32_t i = 0; i < COUNT; i++) CHECK(done.origins[2 * i] == 7);
    cassette_batch_release(done.batch, 0);
    cassette_stats_data stats;
    cassette_stats(session, &stats);
    CHECK(stats.waiting == 0 && stats.batches == 0);
    close_session(session);
  }
}

/* A batch that is whole, but of which samples are still being copied into its early arena. */
void test_group_cancel_copying(void) {
  cassette_session_id session = open_session("0", "1000");
  uint8_t ids[COUNT * 16];
  make_id(ids, BLOB, 0, 0, 0, 100, 0);
  CHECK(cassette_submit(session, ids, 1, 1, 0) == CASSETTE_READY);
  cassette_batch_release(wait_one(session).batch, 0); /* from now on the length of blobs is known */
  for (uint32_t i = 0; i < COUNT; i++) make_id(ids + i * 16, SLOW_FREE, 0, 0, 0, 100, 0);
  CHECK(cassette_submit(session, ids, COUNT, 2, 1) == CASSETTE_READY);
  cassette_stats_data stats;
  uint64_t answers;
  do {
    cassette_stats(session, &stats);
    answers = 0;
    for (int b = 0; b < CASSETTE_LATENCY_BUCKETS; b++) answers += stats.latency[b];
  } while (answers < 1 + COUNT);
  cassette_cancel(session, 2);
  cassette_done done;
  CHECK(cassette_wait(session, 100, &done, 1) == 0);
  close_session(session);
}

void test_group_close(void) {
  for (int round = 0; round < 10; round++) {
    cassette_session_id session = open_session("1", round % 2 ? "16" : "1000");
    uint8_t ids[COUNT * 16];
    for (uint32_t b = 1; b <= 6; b++) {
      make_ids(ids, b);
      CHECK(cassette_submit(session, ids, COUNT, b, b % 3) == CASSETTE_READY);
    }
    usleep((useconds_t)round * 1000);
    if (round % 3) close_session(session);
    else cassette_session_free(session);
  }
}
