/* Gathers a batch's results into its arena, hands it out and takes it back. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 20 };

/* As src/ffi/native_batch.ts and session.ts read them. */
_Static_assert(sizeof(cassette_done) == 17 * 8, "a batch is told of in 17 words");
_Static_assert(sizeof(cassette_stats_data) == (9 + CASSETTE_LATENCY_BUCKETS) * 8, "so are counters");

static void push(batch_queue *queue, cassette_batch *batch) {
  batch->next = NULL;
  if (queue->last) queue->last->next = batch;
  else queue->first = batch;
  queue->last = batch;
}

static cassette_batch *pop(batch_queue *queue) {
  cassette_batch *batch = queue->first;
  if (!batch) return NULL;
  queue->first = batch->next;
  if (!batch->next) queue->last = NULL;
  batch->next = NULL;
  return batch;
}

static uint64_t round_up(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/* Out of the list that begins at `first`. */
static void unlink_from(cassette_batch **first, cassette_batch *batch) {
  if (batch->back) batch->back->all = batch->all;
  else *first = batch->all;
  if (batch->all) batch->all->back = batch->back;
  batch->all = batch->back = NULL;
}

void cassette_batch_forget(cassette_batch *batch) {
  unlink_from(&batch->session->batches, batch);
  batch->session->stats.batches--;
}

void cassette_batch_complete(cassette_batch *batch) {
  batch->state = BATCH_COPYING;
  push(&batch->session->to_copy, batch);
  pthread_cond_signal(&batch->session->copy);
}

/* With the lock; no thread works on the batch any more. */
static void free_requests(cassette_batch *batch) {
  for (uint32_t i = 0; i < batch->count; i++)
    if (batch->requests[i]) cassette_request_done(batch->requests[i]);
  free(batch->requests);
  free(batch->pieces);
  batch->requests = NULL;
  batch->pieces = NULL;
}

/* Without the lock: where everything will lie. */
static void plan(cassette_batch *batch) {
  cassette_done *done = &batch->done;
  uint32_t count = batch->count;
  uint64_t labels = 0, errors = 0, blobs = 0;
  bool all_early = batch->early != NULL;
  done->failures = 0;
  for (uint32_t i = 0; i < count; i++) {
    cassette_request *request = batch->requests[i];
    if ((request->status & ~CASSETTE_LABEL_NULL) == CASSETTE_OK) {
      if (request->label) labels += (uint32_t)request->label_value;
      blobs += round_up(request->length, CASSETTE_BLOB_ALIGNMENT);
      all_early = all_early && request->early;
    } else {
      done->failures++;
      errors += 16 + round_up(request->message ? strlen(request->message) : 0, 4);
    }
  }
  done->count = count;
  done->blobs_size = blobs;
  done->offsets = all_early ? round_up(batch->early_used, 64) : 0;
  done->lengths = done->offsets + 8ull * count;
  done->labels = done->lengths + 4ull * count;
  done->errors = done->labels + 4ull * count;
  done->statuses = done->errors + errors;
  done->label_bytes = done->statuses + count;
  done->label_size = labels;
  done->blobs = round_up(done->label_bytes + labels, 64);
  done->size = done->blobs + blobs;
  if (!all_early) return;
  /* The blobs lie where they are; the rest follows them, if there is room. */
  if (done->label_bytes + labels <= batch->early_capacity) {
    done->blobs = 0;
    done->size = done->label_bytes + labels;
    done->arena = batch->early;
    batch->early = NULL;
    return;
  }
  uint64_t shift = done->offsets;
  done->offsets = 0;
  done->lengths -= shift;
  done->labels -= shift;
  done->errors -= shift;
  done->statuses -= shift;
  done->label_bytes -= shift;
  done->blobs = round_up(done->label_bytes + labels, 64);
  done->size = done->blobs + blobs;
}

/* Without the lock: fills in all but the blobs, and cuts these into pieces. */
static void lay_out(cassette_batch *batch) {
  cassette_done *done = &batch->done;
  uint8_t *arena = done->arena;
  double *offsets = (double *)(void *)(arena + done->offsets);
  uint32_t *lengths = (uint32_t *)(void *)(arena + done->lengths);
  int32_t *labels = (int32_t *)(void *)(arena + done->labels);
  uint8_t *statuses = arena + done->statuses;
  uint8_t *label_bytes = arena + done->label_bytes;
  uint8_t *errors = arena + done->errors;
  uint64_t at = 0, piece = 0;
  bool in_place = !batch->early && batch->early_capacity > 0 && done->blobs == 0;
  batch->piece_count = 0;
  for (uint32_t i = 0; i < batch->count; i++) {
    cassette_request *request = batch->requests[i];
    bool arrived = (request->status & ~CASSETTE_LABEL_NULL) == CASSETTE_OK;
    offsets[i] = (double)(in_place && arrived ? request->place : at);
    lengths[i] = arrived ? request->length : 0;
    labels[i] = arrived ? request->label_value : 0;
    statuses[i] = request->status;
    if (arrived && request->label && request->label_value > 0) {
      memcpy(label_bytes, request->label, (uint32_t)request->label_value);
      label_bytes += request->label_value;
    }
    if (!arrived) {
      uint32_t length = request->message ? (uint32_t)strlen(request->message) : 0;
      uint32_t record[4] = {i, (uint32_t)request->code, request->attempts, length};
      uint64_t padded = round_up(length, 4);
      memcpy(errors, record, sizeof record);
      memset(errors + sizeof record, 0, padded);
      if (length > 0) memcpy(errors + sizeof record, request->message, length);
      errors += sizeof record + padded;
    }
    if (in_place) continue;
    if (batch->piece_count == 0 || at - piece >= PIECE_BYTES) {
      if (batch->piece_count > 0) batch->pieces[batch->piece_count - 1].to = i;
      batch->pieces[batch->piece_count++] = (cassette_piece){i, batch->count};
      piece = at;
    }
    at += round_up(lengths[i], CASSETTE_BLOB_ALIGNMENT);
  }
}

static void copy_blob(uint8_t *to, const uint8_t *from, uint32_t length) {
  memcpy(to, from, length);
  memset(to + length, 0, round_up(length, CASSETTE_BLOB_ALIGNMENT) - length);
}

static void copy_piece(cassette_batch *batch, cassette_piece piece) {
  cassette_driver *driver = batch->session->driver;
  const cassette_done *done = &batch->done;
  const double *offsets = (const double *)(const void *)(done->arena + done->offsets);
  for (uint32_t i = piece.from; i < piece.to; i++) {
    cassette_request *request = batch->requests[i];
    if (!request->result && !request->early) continue;
    const uint8_t *from = request->early ? batch->early + request->place : request->data;
    copy_blob(done->arena + done->blobs + (uint64_t)offsets[i], from, request->length);
    if (request->result) driver->result_free(request->result);
    request->result = NULL;
  }
}

void cassette_copy_early(cassette_batch *batch, cassette_request *request) {
  copy_blob(batch->early + request->place, request->data, request->length);
  request->early = true;
  if (request->label) return; /* it is still in the result */
  batch->session->driver->result_free(request->result);
  request->result = NULL;
}

/* With the lock: nobody wants the batch any more. */
static void discard(cassette_batch *batch) {
  cassette_session *session = batch->session;
  if (batch->done.arena) cassette_arena_give_back(session, batch->done.arena);
  if (batch->early) cassette_arena_give_back(session, batch->early);
  if (batch->requests) free_requests(batch);
  free(batch->origins);
  free(batch);
  session->references--; /* never the last: the caller frees the session after its threads ended */
}

/* With the lock: all is in the arena. */
static void hand_over(cassette_batch *batch) {
  cassette_session *session = batch->session;
  if (batch->cancelled) {
    discard(batch);
    return;
  }
  uint64_t bytes = 0, taken = 0, largest = 0;
  for (uint32_t i = 0; i < batch->count; i++) {
    const cassette_request *request = batch->requests[i];
    uint64_t own = request->length + (request->label ? (uint32_t)request->label_value : 0);
    bytes += request->length;
    taken += own;
    if (own > largest) largest = own;
  }
  session->stats.bytes += bytes;
  if (batch->early) cassette_arena_give_back(session, batch->early);
  batch->early = NULL;
  cassette_mean_learn(session, taken, largest, batch->count - batch->done.failures);
  session->stats.delivered += batch->count - batch->done.failures;
  session->stats.failed += batch->done.failures;
  free_requests(batch);
  if (batch->done.arena) {
    batch->done.capacity = cassette_arena_capacity(batch->done.arena);
    batch->done.slot = cassette_arena_slot(batch->done.arena);
    batch->done.retired = cassette_arena_retire(session);
  }
  batch->state = BATCH_DONE;
  push(&session->done, batch);
  pthread_cond_broadcast(&session->finished);
}

/* With the lock: gives the batch its arena. */
static void prepare(cassette_batch *batch) {
  cassette_session *session = batch->session;
  pthread_mutex_unlock(&session->lock);
  plan(batch);
  batch->pieces = malloc((batch->count ? batch->count : 1) * sizeof *batch->pieces);
  pthread_mutex_lock(&session->lock);
  if (batch->pieces && batch->done.size > 0 && !batch->done.arena)
    batch->done.arena = cassette_arena_take(session, batch->done.size);
  pthread_mutex_unlock(&session->lock);
  if (batch->done.arena) lay_out(batch);
  pthread_mutex_lock(&session->lock);
  if (!batch->done.arena && batch->count > 0) batch->done.failures = batch->count;
}

void *cassette_copy_thread(void *data) {
  cassette_session *session = data;
  pthread_mutex_lock(&session->lock);
  for (;;) {
    cassette_batch *batch = pop(&session->to_copy);
    if (!batch) {
      if (session->all_settled) break;
      pthread_cond_wait(&session->copy, &session->lock);
      continue;
    }
    if (batch->cancelled && batch->pieces_taken == batch->pieces_done) {
      discard(batch);
      continue;
    }
    if (!batch->laid_out) {
      prepare(batch);
      batch->laid_out = true;
      if (batch->piece_count == 0) {
        hand_over(batch);
        continue;
      }
    }
    cassette_piece piece = batch->pieces[batch->pieces_taken++];
    if (batch->pieces_taken < batch->piece_count) {
      batch->next = session->to_copy.first;
      session->to_copy.first = batch;
      if (!batch->next) session->to_copy.last = batch;
      pthread_cond_signal(&session->copy);
    }
    pthread_mutex_unlock(&session->lock);
    copy_piece(batch, piece);
    pthread_mutex_lock(&session->lock);
    if (++batch->pieces_done == batch->piece_count) hand_over(batch);
  }
  pthread_mutex_unlock(&session->lock);
  return NULL;
}

uint32_t cassette_pick_up(cassette_session *session, uint32_t timeout, cassette_done *out,
                          uint32_t capacity) {
  if (timeout > CASSETTE_MAX_WAIT_MS) timeout = CASSETTE_MAX_WAIT_MS;
  uint64_t until = cassette_now() + timeout * 1000ull;
  uint32_t count = 0;
  pthread_mutex_lock(&session->lock);
  while (!session->done.first && !session->woken && cassette_now() < until)
    cassette_wait_until(&session->finished, &session->lock, until);
  session->woken = false;
  cassette_batch *batch;
  while (count < capacity && (batch = pop(&session->done))) {
    batch->state = BATCH_PICKED_UP;
    cassette_batch_forget(batch);
    batch->all = session->held;
    if (batch->all) batch->all->back = batch;
    session->held = batch;
    out[count++] = batch->done;
  }
  pthread_mutex_unlock(&session->lock);
  return count;
}

void cassette_wake_waiter(cassette_session *session) {
  pthread_mutex_lock(&session->lock);
  session->woken = true;
  pthread_cond_broadcast(&session->finished);
  pthread_mutex_unlock(&session->lock);
}

/* With the lock; the reference that the batch holds is left to the caller. */
static void release(cassette_batch *batch, bool view_kept) {
  cassette_session *session = batch->session;
  unlink_from(&session->held, batch);
  uint8_t *arena = batch->done.arena;
  if (arena && (view_kept || !cassette_arena_viewed(arena)))
    cassette_arena_give_back(session, arena);
  else if (arena) cassette_arena_let_go(session, arena);
  free(batch->origins);
  free(batch);
}

void cassette_batch_release(cassette_batch *batch, int32_t view_kept) {
  cassette_session *session = batch->session;
  pthread_mutex_lock(&session->lock);
  release(batch, view_kept != 0);
  cassette_unreference(session);
}

void cassette_release_held(cassette_session *session) {
  pthread_mutex_lock(&session->lock);
  while (session->held) {
    release(session->held, false);
    session->references--; /* the caller has another */
  }
  pthread_mutex_unlock(&session->lock);
}
