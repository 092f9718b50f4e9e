/* Batches that many threads submit and cancel at once. */
#include "fetch_support.h"

static void *submit_some(void *data) {
  cassette_session_id session = *(cassette_session_id *)data;
  static _Atomic uint32_t tokens = 1;
  uint8_t ids[20 * 16];
  for (int round = 0; round < 50; round++) {
    for (uint32_t i = 0; i < 20; i++) {
      uint32_t length = 100;
      memset(ids + i * 16, 0, 16);
      memcpy(ids + i * 16 + 4, &length, 4);
      ids[i * 16 + 2] = i % 2;
    }
    uint32_t token = tokens++;
    CHECK(cassette_submit(session, ids, 20, token, token % 3 ? 0 : 1 + token % 2) == CASSETTE_READY);
    if (round % 5 == 0) cassette_cancel(session, token);
  }
  return NULL;
}

void test_threads(void) {
  cassette_session_id session = open_session("1", "64");
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, submit_some, &session);
  uint32_t picked = 0;
  cassette_stats_data stats;
  cassette_done done;
  do {
    if (cassette_wait(session, 20, &done, 1) == 1) {
      cassette_batch_release(done.batch, 0);
      picked++;
    }
    cassette_stats(session, &stats);
  } while (stats.batches > 0 || stats.requested < 4 * 50 * 20);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  CHECK(picked >= 4 * 50 / 2 && picked <= 4 * 50); /* cancelled groups take others with them */
  close_session(session);
}
