/* What the parts of the fetch share. `lock` protects every field that is not said to be otherwise. */
#ifndef CASSETTE_INTERNAL_H
#define CASSETTE_INTERNAL_H

#include "cassette_driver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { CASSETTE_MAX_RETRIES = 16, CASSETTE_MAX_COPY_THREADS = 64 };

typedef struct cassette_block cassette_block;
typedef struct cassette_group cassette_group;
typedef struct cassette_session cassette_session;

/* One sample on its way. Its owner is whoever works on it: dispatcher, driver's callback, copier. */
typedef struct cassette_request {
  cassette_block *block;
  struct cassette_request *older, *newer; /* in the list of those under way */
  const CassResult *result;      /* owned; NULL unless the status is CASSETTE_OK or about data */
  const uint8_t *data, *label;   /* into the result */
  char *message;                 /* owned; why it failed */
  uint64_t time;                 /* sent at, or due at; microseconds */
  uint64_t place;                /* of its data in the batch's early arena */
  uint32_t index;                /* in its block */
  uint32_t length;
  int32_t label_value; /* the integer, or the length of the label's bytes */
  int32_t code;
  uint8_t status, attempts, id[CASSETTE_ID_BYTES];
  bool early; /* its data is in the early arena, not in the result */
  bool lost;  /* nobody waits for its answer any more; another took its place in the batch */
  bool alone; /* it took the place of a lost one: memory of its own */
} cassette_request;

/* Requests submitted together. In a group they may end up in other batches than they came with. */
struct cassette_block {
  cassette_session *session;
  cassette_block *next;  /* in the queue to be sent */
  cassette_batch *batch; /* to be filled with them; NULL in a group */
  cassette_group *group; /* or NULL */
  uint32_t token;        /* low half of the batch's */
  uint32_t count;
  uint32_t sent; /* requests handed to the dispatcher at least once */
  uint32_t left; /* requests whose batch has not been copied */
  bool cancelled;
  cassette_request requests[];
};

/* Batches that exchange samples. It lives as long as blocks of it do. */
struct cassette_group {
  cassette_group *next; /* in the list of all that are not cancelled */
  uint64_t id;
  cassette_batch *first, *last; /* not whole yet, in the order in which they were submitted */
  uint32_t blocks;
  bool cancelled;
};

typedef struct cassette_piece {
  uint32_t from, to;
} cassette_piece;

typedef enum cassette_batch_state {
  BATCH_FETCHING,
  BATCH_COPYING, /* all results are there */
  BATCH_DONE,
  BATCH_PICKED_UP
} cassette_batch_state;

struct cassette_batch {
  cassette_session *session;
  cassette_batch *next;       /* in the group's, copy or done queue */
  cassette_batch *all, *back; /* in the list of batches not picked up */
  cassette_block *block;      /* its own requests, while they are being fetched without a group */
  cassette_group *group;      /* while it is not whole */
  cassette_request **requests; /* those that have an outcome, each in its place; NULL once copied */
  uint32_t *origins;           /* owned; NULL without a group */
  uint32_t count;
  uint32_t placed; /* requests with an outcome */
  uint32_t filled; /* those of them whose data need not be copied any more by their callback */
  /*
   * Memory for what is expected, so that data is copied while the processor's caches still hold it;
   * NULL until the first of it has come, or where nothing is known. What does not fit waits for an
   * arena of the right size.
   */
  uint8_t *early;
  uint64_t early_used, early_capacity;
  uint32_t copying; /* callbacks that copy into it now */
  cassette_batch_state state;
  bool cancelled;
  bool early_asked;      /* the early arena has been asked for, in vain or not */
  bool laid_out;         /* arena and pieces are there */
  cassette_piece *pieces; /* for the copy threads; owned */
  uint32_t piece_count, pieces_taken, pieces_done;
  cassette_done done;
};

typedef struct batch_queue {
  cassette_batch *first, *last;
} batch_queue;

typedef struct block_queue {
  cassette_block *first, *last;
} block_queue;

typedef struct arena {
  struct arena *next;
  uint64_t capacity;
  uint32_t slot;
  uint32_t given; /* batches handed over when it was given back */
  bool mapped;    /* memory of the kernel's, which it has back at once; malloc keeps what it frees */
  _Atomic uint32_t references; /* the session's or its batch's, and each view's */
} arena;

/* Why the server takes the statement no more, as a preparation of it told. */
typedef struct cassette_refusal {
  CassError code;  /* CASS_OK where it does, or nothing is known */
  char *message;   /* owned */
  uint64_t asked;  /* when it was asked last; microseconds */
  bool wanted;     /* the dispatcher shall ask */
  bool under_way;
} cassette_refusal;

enum { OPERATION_NONE, OPERATION_CONNECT, OPERATION_QUERY, OPERATION_PREPARE, OPERATION_CLOSE };

/* How far a close has come. */
enum { CLOSE_NONE, CLOSE_ASKED, CLOSE_SENT, CLOSE_ANSWERED, CLOSE_DONE };

struct cassette_session {
  cassette_driver *driver;
  cassette_session_id id;
  cassette_session *other; /* in the list of all; protected by its lock, as is `calls` */
  uint32_t calls;          /* functions that use it now */

  /* Used by operations only, one at a time, without the lock. */
  CassCluster *cluster;
  CassSession *session;
  CassSsl *ssl;
  CassFuture *operation;
  int operation_kind;
  int close_state;
  uint32_t operation_code;
  uint8_t *text;
  uint32_t text_size;
  char *username, *password, *passphrase;
  int64_t speculative_delay;
  bool threads_started;

  /* Set before the threads start, then constant. */
  const CassPrepared *prepared;
  char *cql; /* what was prepared */
  size_t cql_length;
  int32_t label_type;
  uint32_t max_blob_bytes;
  uint64_t answer_limit; /* microseconds */
  uint64_t close_limit;  /* milliseconds */
  uint32_t limit; /* requests in flight */
  uint32_t retries;
  uint32_t backoff; /* milliseconds before the first retry; doubled for each further one */
  uint32_t copy_threads;
  pthread_t dispatcher, copiers[CASSETTE_MAX_COPY_THREADS];

  pthread_mutex_t lock;
  pthread_cond_t dispatch; /* there may be something to send */
  pthread_cond_t copy;     /* there may be something to copy */
  pthread_cond_t finished; /* there may be something to pick up, or woken is set */
  bool dispatcher_waits;
  bool dispatcher_blocked; /* it waits for requests in flight to become fewer */
  bool sending; /* the dispatcher calls the driver, without the lock */
  bool ready, closing, woken;
  bool stopping;    /* the dispatcher shall end once nothing is in flight */
  bool given_up;    /* and at once, whatever is in flight */
  bool dispatcher_ended;
  bool all_settled; /* the copy threads shall end once they have nothing to do */
  uint32_t in_flight;
  uint32_t lost; /* requests that the driver may still answer, though nobody waits */
  cassette_request *oldest, *newest; /* of those in flight */
  uint32_t references; /* the caller's and each batch's */
  block_queue to_send;
  batch_queue to_copy, done;
  cassette_group *groups;
  cassette_request **retries_due; /* those that wait to be sent again: a heap, the soonest first */
  uint32_t retry_count, retry_capacity;
  bool retries_dropped; /* some of them may not be wanted any more */
  uint64_t random;
  cassette_refusal refusal;
  cassette_batch *batches; /* not picked up */
  cassette_batch *held;    /* picked up, and not released */
  arena *arenas;           /* free, oldest last */
  uint32_t slots;          /* arenas there were */
  uint32_t handed_over;    /* batches */
  cassette_done picked[CASSETTE_PICKED]; /* the caller's, without the lock */
  double mean, weight;     /* bytes of a sample of late, and how many samples say so */
  cassette_stats_data stats;
};

/* cassette_sessions.c */
cassette_session_id cassette_register(cassette_session *session);
void cassette_await_calls(cassette_session *session); /* after it was taken out of the list */

/* cassette_options.c */
int32_t cassette_option(cassette_session *session, const char *name, const char *value,
                        uint32_t length);
void cassette_forget(char **secret); /* overwrites it, frees it, makes it NULL */

/* cassette_session.c: operations */
void cassette_begin(cassette_session *session, int kind, CassFuture *future);
void cassette_begin_connect(cassette_session *session);
void cassette_begin_query(cassette_session *session, const char *cql, uint32_t length);
void cassette_begin_prepare(cassette_session *session, const char *cql, uint32_t length);
int32_t cassette_await_operation(cassette_session *session, uint32_t timeout);
int32_t cassette_fail(cassette_session *session, CassError code, const char *text);
void cassette_take_text(cassette_session *session, uint8_t *text, uint32_t size); /* owns it */

/* cassette_rows.c */
int32_t cassette_read_rows(cassette_session *session);

/* cassette_close.c */
void cassette_begin_close(cassette_session *session);
int32_t cassette_await_close(cassette_session *session, uint32_t timeout);
void cassette_end_session(cassette_session *session, bool abandoned);
void cassette_unreference(cassette_session *session); /* with the lock; gives the lock back */

/* cassette_answer.c */
void cassette_read_answer(cassette_session *session, cassette_request *request, CassFuture *future);
void cassette_read_failure(cassette_driver *driver, cassette_request *request, CassFuture *future);
void cassette_say(cassette_request *request, uint8_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Up to `most` bytes of it; NULL: no memory. */
char *cassette_message_of(cassette_driver *driver, CassFuture *future, size_t most);

CassUuid cassette_uuid(const uint8_t *id); /* as the driver has it */

/* cassette_retry.c: all with the lock */
bool cassette_retry_later(cassette_session *session, cassette_request *request); /* false: no more */
cassette_request *cassette_retry_due(cassette_session *session, uint64_t now, uint64_t *due);
void cassette_retries_settle(cassette_session *session, CassError code, const char *message);

/* cassette_refusal.c */
void cassette_refusal_ask(cassette_session *session); /* without the lock */
bool cassette_refused(cassette_session *session, cassette_request *request); /* with the lock */

/* cassette_fetch.c */
void *cassette_dispatch_thread(void *session);
void cassette_wake_dispatcher(cassette_session *session); /* with the lock */
void cassette_count(cassette_session *session, cassette_stats_data *out);

/* cassette_submit.c */
int32_t cassette_take_ids(cassette_session *session, const uint8_t *ids, uint32_t count,
                          uint64_t token, uint64_t group);
void cassette_cancel_token(cassette_session *session, uint64_t token);
void cassette_cancel_all(cassette_session *session); /* with the lock */

/* cassette_group.c: all with the lock */
bool cassette_forgotten(const cassette_request *request);  /* whether nobody wants it any more */
/*
 * It has its outcome. Returns the batch into which its data is to be copied early, or NULL. It may
 * let go of the lock meanwhile.
 */
cassette_batch *cassette_settle(cassette_request *request);
void cassette_copied_early(cassette_batch *batch);         /* after settle returned the batch */
void cassette_batch_cancel(cassette_batch *batch);         /* a copy thread shall free it */
void cassette_request_done(cassette_request *request);     /* gives it back, and its block at last */
void cassette_block_drop(cassette_block *block);           /* gives back what was not sent */
void cassette_group_cancel(cassette_session *session, cassette_group *group);
cassette_group *cassette_group_of(cassette_session *session, uint64_t id); /* NULL: no memory */

/* cassette_arena.c */
uint8_t *cassette_arena_take(cassette_session *session, uint64_t size); /* with the lock, let go of */
uint64_t cassette_arena_capacity(const uint8_t *bytes);
uint32_t cassette_arena_slot(const uint8_t *bytes);
void cassette_arena_give_back(cassette_session *session, uint8_t *bytes); /* with the lock */
void cassette_arena_let_go(cassette_session *session, uint8_t *bytes);    /* with the lock */
uint32_t cassette_arena_retire(cassette_session *session); /* with the lock; a slot plus 1, or 0 */
bool cassette_arena_viewed(const uint8_t *bytes);
void cassette_arenas_free(cassette_session *session);
void cassette_mean_learn(cassette_session *session, uint64_t bytes, uint64_t largest, uint32_t samples);
uint64_t cassette_mean(const cassette_session *session); /* bytes of a sample; 0: not known */

/* cassette_batch.c */
void *cassette_copy_thread(void *session);
void cassette_batch_complete(cassette_batch *batch); /* with the lock; all outcomes are there */
void cassette_batch_forget(cassette_batch *batch);   /* with the lock; out of the list of all */
uint32_t cassette_pick_up(cassette_session *session, uint32_t timeout, cassette_done *out,
                          uint32_t capacity);
void cassette_wake_waiter(cassette_session *session);
void cassette_release_held(cassette_session *session);
void cassette_copy_early(cassette_batch *batch, cassette_request *request); /* without the lock */

static inline uint64_t cassette_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

void cassette_condition_init(pthread_cond_t *condition); /* for cassette_wait_until */

/* Waits until the condition is signalled or the time (microseconds, as cassette_now) has come. */
void cassette_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until);

#endif
