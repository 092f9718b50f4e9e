/*
 * cassette_fetch: blobs by id from Apache Cassandra, a batch at a time.
 *
 * The caller submits 16-byte ids and picks up whole batches. Everything between runs on threads of
 * this library: a dispatcher keeps a bounded number of requests in flight, the driver's threads
 * collect the results, copy threads gather them into one block of memory per batch, the arena.
 *
 * The driver (any library with the C API of the Cassandra C++ driver) is loaded by path at run time
 * and never unloaded; no header of it is needed.
 *
 * Threads: a session's operations (set, connect, query, prepare, close, operation_wait) are called
 * by one thread at a time. submit, cancel, wake, stats and release may be called by any thread at any
 * time; wait by one thread at a time. No function blocks longer than the time-out that it is given,
 * free not longer than CASSETTE_FREE_WAIT_MS, and none of the others at all, beyond short locks.
 *
 * Nothing that a driver returns is trusted: pointers that are NULL, columns that are missing, types,
 * lengths and counts that are wrong, answers that never come are errors of a sample or an operation.
 * What cannot be known here is whether a length that is possible is true.
 *
 * Strings are UTF-8. Times are milliseconds. After a failure a session stays valid: it may be asked
 * for its text, and must be freed.
 */
#ifndef CASSETTE_FETCH_H
#define CASSETTE_FETCH_H

#include <stdint.h>

#define CASSETTE_ID_BYTES 16
#define CASSETTE_BLOB_ALIGNMENT 16
#define CASSETTE_MAX_WAIT_MS 100
#define CASSETTE_FREE_WAIT_MS 1000
#define CASSETTE_LATENCY_BUCKETS 96
#define CASSETTE_PICKED 16
#define CASSETTE_MESSAGE_BYTES 1000
#define CASSETTE_LOG_BYTES 512

#if defined(__GNUC__)
#define CASSETTE_API __attribute__((visibility("default")))
#else
#define CASSETTE_API
#endif

typedef struct cassette_driver cassette_driver;
/*
 * A session's number, never used again. One that was freed, or whose runtime has ended, is none any
 * more: what is asked of it does nothing and returns CASSETTE_ERROR, NULL or 0.
 */
typedef uint64_t cassette_session_id;
typedef struct cassette_batch cassette_batch;

/* What became of a sample. */
enum cassette_status {
  CASSETTE_OK = 0,
  CASSETTE_MISSING_ROW = 1, /* no row has this id */
  CASSETTE_NULL_BLOB = 2,   /* the data column is null */
  CASSETTE_EMPTY_BLOB = 3,  /* the data column has length 0 */
  CASSETTE_TIMEOUT = 4,     /* no answer in time, after all retries */
  CASSETTE_FAILED = 5,      /* the driver or the server said no */
  CASSETTE_WRONG_TYPE = 6,  /* a column is not of the type that was asked for */
  CASSETTE_NO_MEMORY = 7,   /* the arena could not be allocated */
  CASSETTE_BAD_ANSWER = 8,  /* the answer has not the form of one to the statement */
  CASSETTE_LARGE_BLOB = 9,  /* longer than max_blob_bytes; the error's message is its length */
  CASSETTE_LARGE_LABEL = 10 /* the same of the label */
};

/* Set in a sample's status byte where its label is null. */
#define CASSETTE_LABEL_NULL 0x80

enum cassette_label_type {
  CASSETTE_LABEL_NONE = 0,
  CASSETTE_LABEL_INT = 1,
  CASSETTE_LABEL_BLOB = 2
};

/* What operation_wait and set return. */
enum cassette_outcome {
  CASSETTE_PENDING = 0,
  CASSETTE_READY = 1,
  CASSETTE_ERROR = -1
};

/*
 * A finished batch. All places are byte offsets into the arena, which belongs to the batch and is
 * valid until cassette_batch_release.
 */
typedef struct cassette_done {
  uint64_t token;        /* as given to submit */
  cassette_batch *batch; /* for release */
  uint8_t *arena;        /* 64-byte aligned; NULL if count is 0 or memory ran out */
  uint64_t size;         /* bytes of the arena in use */
  uint64_t capacity;     /* bytes that it has */
  uint64_t offsets;      /* double[count]: where each blob begins, from `blobs` on */
  uint64_t lengths;      /* uint32_t[count]: bytes of each blob, 0 for a failed sample */
  uint64_t statuses;     /* uint8_t[count]: enum cassette_status, with CASSETTE_LABEL_NULL */
  uint64_t labels;       /* int32_t[count]: the label, or for blob labels its length */
  uint64_t label_bytes;  /* blob labels, one after the other without gaps */
  uint64_t label_size;   /* bytes of them */
  uint64_t errors;       /* one record per failed sample, see below */
  uint64_t blobs;        /* the blobs, each at a multiple of 16; gaps are zero */
  uint64_t blobs_size;   /* bytes of them */
  /*
   * Not an offset: uint32_t[2 * count], the low half of the token with which each sample was asked
   * for, and its place among those; NULL for a batch without a group. Valid like the arena.
   */
  const uint32_t *origins;
  uint32_t count;        /* samples */
  uint32_t failures;     /* samples whose status is not CASSETTE_OK */
  /*
   * Which of the session's arenas it is, from 0 on. Where it has the same address and capacity as
   * the last time, it is the same memory, that was never freed.
   */
  uint32_t slot;
  uint32_t retired; /* a slot whose arena is not used any more, plus 1; 0 for none */
} cassette_done;

/*
 * Error record: uint32_t index, the driver's error code, attempts, bytes of message; then the
 * message, cut at CASSETTE_MESSAGE_BYTES, padded to a multiple of 4.
 */

/* Counters since the session was made. */
typedef struct cassette_stats_data {
  uint64_t requested; /* samples submitted */
  uint64_t delivered; /* samples that arrived whole */
  uint64_t failed;    /* samples that failed, after all retries */
  uint64_t bytes;     /* bytes of blobs that arrived */
  uint64_t retries;   /* requests sent again */
  uint64_t in_flight; /* requests under way now */
  uint64_t waiting;   /* samples submitted and not yet sent */
  uint64_t batches;   /* batches submitted and not yet picked up or cancelled */
  uint64_t arena_bytes; /* bytes of arenas allocated now, in use or kept for the next batch */
  /* Answers by latency: bucket b counts those from 2^(b/4) to 2^((b+1)/4) microseconds. */
  uint64_t latency[CASSETTE_LATENCY_BUCKETS];
} cassette_stats_data;

/*
 * Loads a driver. `libpython` (may be NULL) is loaded first, with its symbols visible to all, for
 * drivers that are Python extensions. The same path gives the same driver. On failure NULL, and the
 * reason in `error`, which holds up to `capacity` bytes and ends with 0.
 */
CASSETTE_API cassette_driver *cassette_driver_open(const char *path, const char *libpython,
                                                   char *error, uint32_t capacity);

/*
 * Sets which messages of the driver are kept: 0 none, 1 critical … 6 trace, as in CassLogLevel. A
 * driver that takes a level once only stays at the first.
 */
CASSETTE_API void cassette_log_level(cassette_driver *driver, int32_t level);

/*
 * Moves kept messages of the driver into `out`, oldest first: uint32_t level, uint32_t bytes, then
 * the text padded to a multiple of 4. Returns the bytes written; what does not fit stays.
 */
CASSETTE_API uint32_t cassette_log_take(cassette_driver *driver, uint8_t *out, uint32_t capacity);

/* Makes a session; 0 if memory ran out. */
CASSETTE_API cassette_session_id cassette_session_new(cassette_driver *driver);

/*
 * Sets an option before connect, as text: contact_points (comma-separated), port, local_dc,
 * username, password, consistency (number as in the protocol), request_timeout, connect_timeout,
 * io_threads, copy_threads, connections, max_in_flight, retries, backoff, speculative_delay,
 * speculative_max, label_type, max_blob_bytes, answer_limit (how long an answer is waited for that
 * the driver should have timed out), close_limit (how long a session that was freed is waited for
 * until it closes; then it is left to its driver), tls_ca, tls_cert, tls_key, tls_passphrase (these four: contents, not
 * paths; cert and passphrase before key), tls_verify (none, chain, identity), cloud_bundle (path).
 * Returns CASSETTE_READY, or CASSETTE_ERROR with the reason in cassette_session_text.
 */
CASSETTE_API int32_t cassette_session_set(cassette_session_id session, const char *name,
                                          const char *value, uint32_t length);

/* Begins to connect. Ask cassette_operation_wait for the outcome. */
CASSETTE_API void cassette_connect(cassette_session_id session);

/*
 * Begins a query. When it is ready, cassette_session_text gives uint32_t columns and rows, then each
 * value in row order: uint32_t bytes (0xFFFFFFFF: null), then the bytes, as the protocol has them.
 */
CASSETTE_API void cassette_query(cassette_session_id session, const char *cql, uint32_t length);

/*
 * Begins to prepare the statement that fetches one sample: one parameter, the uuid. Columns of its
 * result are the uuid, the blob and the label (a blob, or an int or the 4 bytes of one as a blob);
 * with the label_type none, the blob and the uuid. The uuid shows that the answer is to this request,
 * and what comes behind the blob, that its length is true. When it is ready, samples can be submitted.
 */
CASSETTE_API void cassette_prepare(cassette_session_id session, const char *cql, uint32_t length);

/*
 * Begins to close: all batches not picked up are cancelled, requests under way are awaited. Arenas
 * stay valid until they are released. operation_wait does the rest of it.
 */
CASSETTE_API void cassette_close(cassette_session_id session);

/*
 * Waits for the operation begun last, for at most `timeout` (and CASSETTE_MAX_WAIT_MS). Returns
 * enum cassette_outcome.
 */
CASSETTE_API int32_t cassette_operation_wait(cassette_session_id session, uint32_t timeout);

/* The driver's error code of the operation that failed last, 0 if none did. */
CASSETTE_API uint32_t cassette_operation_code(cassette_session_id session);

/*
 * Copies the message or the result of the operation that ended last into `out`, up to `capacity`
 * bytes, not ended with 0. Returns its whole size in bytes.
 */
CASSETTE_API uint32_t cassette_session_text(cassette_session_id session, uint8_t *out,
                                            uint32_t capacity);

/*
 * Asks for `count` samples, 16 bytes of id each (copied). `token` (not 0, not in use) comes back
 * with the batch. Returns CASSETTE_READY, or CASSETTE_ERROR if the session is not prepared or is
 * closing, or memory ran out; then no batch will come.
 *
 * Batches of one `group` (not 0) exchange samples: whichever arrives first fills the batch that was
 * submitted first, up to its count. `origins` tells which sample came. Each sample comes once.
 */
CASSETTE_API int32_t cassette_submit(cassette_session_id session, const uint8_t *ids, uint32_t count,
                                     uint64_t token, uint64_t group);

/*
 * Forgets a batch that has not been picked up: it will not come, nor will the others of its group
 * that are not whole yet. Requests under way go on in the background. Nothing happens if no batch
 * has this token (any more).
 */
CASSETTE_API void cassette_cancel(cassette_session_id session, uint64_t token);

/*
 * Picks up finished batches, in the order in which they were finished: waits for at most `timeout`
 * (and CASSETTE_MAX_WAIT_MS) until there is one or cassette_wake is called. Returns how many were
 * written to `out`, at most `capacity`; each must be released.
 */
CASSETTE_API uint32_t cassette_wait(cassette_session_id session, uint32_t timeout, cassette_done *out,
                                    uint32_t capacity);

/*
 * Room for CASSETTE_PICKED batches, for the caller to give to cassette_wait. It belongs to the session
 * and lives as long: memory of a caller's runtime that ends meanwhile would be written to after it.
 */
CASSETTE_API cassette_done *cassette_picked(cassette_session_id session);

/* Ends the cassette_wait that is under way, or the next one, at once. */
CASSETTE_API void cassette_wake(cassette_session_id session);

/*
 * Gives a batch and its arena back. Allowed after its session was freed. The arena is kept for
 * another batch if `view_kept` is not 0, which says that the caller has the only view of it, or if
 * there is no view of it; otherwise it is given back once its last view is gone.
 */
CASSETTE_API void cassette_batch_release(cassette_batch *batch, int32_t view_kept);

/* Copies the counters; they are 0 if it is no session. */
CASSETTE_API void cassette_stats(cassette_session_id session, cassette_stats_data *out);

/*
 * Gives the session back. A session that is not closed closes in the background; waits for it for at
 * most CASSETTE_FREE_WAIT_MS.
 */
CASSETTE_API void cassette_session_free(cassette_session_id session);

/*
 * The same for a caller that is gone, without waiting: batches that it has picked up are given back
 * too.
 */
CASSETTE_API void cassette_session_abandon(cassette_session_id session);

/*
 * A view of an arena: the memory stays valid until the view has been dropped, on any thread, whatever
 * becomes of batch and session.
 */
CASSETTE_API void cassette_view(uint8_t *arena);
CASSETTE_API void cassette_view_drop(uint8_t *arena);

#endif
