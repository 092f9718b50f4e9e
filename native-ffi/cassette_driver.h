/*
 * The part of the Cassandra driver's C API that is used, by name. Constants and layouts are those of
 * its version 2; they are part of its stable binary interface.
 */
#ifndef CASSETTE_DRIVER_H
#define CASSETTE_DRIVER_H

#include "cassette_fetch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CassCluster CassCluster;
typedef struct CassSession CassSession;
typedef struct CassFuture CassFuture;
typedef struct CassStatement CassStatement;
typedef struct CassPrepared CassPrepared;
typedef struct CassResult CassResult;
typedef struct CassIterator CassIterator;
typedef struct CassRow CassRow;
typedef struct CassValue CassValue;
typedef struct CassSsl CassSsl;

/* Most significant half first, but with the time's fields in the order of their weight. */
typedef struct CassUuid {
  uint64_t time_and_version;
  uint64_t clock_seq_and_node;
} CassUuid;

typedef struct CassLogMessage {
  uint64_t time_ms;
  int32_t severity;
  const char *file;
  int line;
  const char *function;
  char message[1024];
} CassLogMessage;

typedef int32_t CassError;
typedef int32_t cass_bool;
typedef void (*CassFutureCallback)(CassFuture *future, void *data);
typedef void (*CassLogCallback)(const CassLogMessage *message, void *data);

enum {
  CASS_OK = 0,
  CASS_LIB_NO_STREAMS = 1 << 24 | 2,
  CASS_LIB_UNABLE_TO_INIT = 1 << 24 | 3,
  CASS_LIB_REQUEST_QUEUE_FULL = 1 << 24 | 7,
  CASS_LIB_WRITE_ERROR = 1 << 24 | 9,
  CASS_LIB_NO_HOSTS_AVAILABLE = 1 << 24 | 10,
  CASS_LIB_INVALID_VALUE_TYPE = 1 << 24 | 13,
  CASS_LIB_REQUEST_TIMED_OUT = 1 << 24 | 14,
  CASS_LIB_UNABLE_TO_CONNECT = 1 << 24 | 22,
  CASS_SERVER_ERROR = 2 << 24,
  CASS_SERVER_UNAVAILABLE = 2 << 24 | 0x1000,
  CASS_SERVER_OVERLOADED = 2 << 24 | 0x1001,
  CASS_SERVER_IS_BOOTSTRAPPING = 2 << 24 | 0x1002,
  CASS_SERVER_READ_TIMEOUT = 2 << 24 | 0x1200,
  CASS_SERVER_READ_FAILURE = 2 << 24 | 0x1300,
  CASS_SERVER_SYNTAX_ERROR = 2 << 24 | 0x2000,
  CASS_SERVER_UNAUTHORIZED = 2 << 24 | 0x2100,
  CASS_SERVER_INVALID_QUERY = 2 << 24 | 0x2200,
  CASS_SERVER_CONFIG_ERROR = 2 << 24 | 0x2300
};

enum {
  CASS_VALUE_TYPE_BLOB = 0x3,
  CASS_VALUE_TYPE_INT = 0x9,
  CASS_VALUE_TYPE_UUID = 0xc,
  CASS_VALUE_TYPE_TIMEUUID = 0xf
};

enum { CASS_VERIFY_NONE = 0, CASS_VERIFY_PEER_CERT = 1, CASS_VERIFY_PEER_IDENTITY = 2 };

/* X(name, result, parameters) for each function that a driver must have. */
#define CASSETTE_REQUIRED(X)                                                                       \
  X(cluster_new, CassCluster *, (void))                                                            \
  X(cluster_free, void, (CassCluster *))                                                           \
  X(cluster_set_contact_points_n, CassError, (CassCluster *, const char *, size_t))                \
  X(cluster_set_port, CassError, (CassCluster *, int))                                             \
  X(cluster_set_credentials_n, void,                                                               \
    (CassCluster *, const char *, size_t, const char *, size_t))                                   \
  X(cluster_set_consistency, CassError, (CassCluster *, int))                                      \
  X(cluster_set_request_timeout, void, (CassCluster *, unsigned))                                  \
  X(cluster_set_connect_timeout, void, (CassCluster *, unsigned))                                  \
  X(cluster_set_num_threads_io, CassError, (CassCluster *, unsigned))                              \
  X(cluster_set_core_connections_per_host, CassError, (CassCluster *, unsigned))                   \
  X(cluster_set_load_balance_dc_aware_n, CassError,                                                \
    (CassCluster *, const char *, size_t, unsigned, cass_bool))                                    \
  X(cluster_set_ssl, void, (CassCluster *, CassSsl *))                                             \
  X(ssl_new, CassSsl *, (void))                                                                    \
  X(ssl_free, void, (CassSsl *))                                                                   \
  X(ssl_add_trusted_cert_n, CassError, (CassSsl *, const char *, size_t))                          \
  X(ssl_set_verify_flags, void, (CassSsl *, int))                                                  \
  X(ssl_set_cert_n, CassError, (CassSsl *, const char *, size_t))                                  \
  X(ssl_set_private_key_n, CassError, (CassSsl *, const char *, size_t, const char *, size_t))     \
  X(session_new, CassSession *, (void))                                                            \
  X(session_free, void, (CassSession *))                                                           \
  X(session_connect, CassFuture *, (CassSession *, const CassCluster *))                           \
  X(session_close, CassFuture *, (CassSession *))                                                  \
  X(session_prepare_n, CassFuture *, (CassSession *, const char *, size_t))                        \
  X(session_execute, CassFuture *, (CassSession *, const CassStatement *))                         \
  X(prepared_bind, CassStatement *, (const CassPrepared *))                                        \
  X(prepared_free, void, (const CassPrepared *))                                                   \
  X(statement_new_n, CassStatement *, (const char *, size_t, size_t))                              \
  X(statement_free, void, (CassStatement *))                                                       \
  X(statement_bind_uuid, CassError, (CassStatement *, size_t, CassUuid))                           \
  X(statement_set_is_idempotent, CassError, (CassStatement *, cass_bool))                          \
  X(future_set_callback, CassError, (CassFuture *, CassFutureCallback, void *))                    \
  X(future_wait_timed, cass_bool, (CassFuture *, uint64_t))                                        \
  X(future_error_code, CassError, (CassFuture *))                                                  \
  X(future_error_message, void, (CassFuture *, const char **, size_t *))                           \
  X(future_get_result, const CassResult *, (CassFuture *))                                         \
  X(future_get_prepared, const CassPrepared *, (CassFuture *))                                     \
  X(future_free, void, (CassFuture *))                                                             \
  X(result_free, void, (const CassResult *))                                                       \
  X(result_row_count, size_t, (const CassResult *))                                                \
  X(result_column_count, size_t, (const CassResult *))                                             \
  X(result_column_type, int, (const CassResult *, size_t))                                         \
  X(result_first_row, const CassRow *, (const CassResult *))                                       \
  X(iterator_from_result, CassIterator *, (const CassResult *))                                    \
  X(iterator_next, cass_bool, (CassIterator *))                                                    \
  X(iterator_get_row, const CassRow *, (const CassIterator *))                                     \
  X(iterator_free, void, (CassIterator *))                                                         \
  X(row_get_column, const CassValue *, (const CassRow *, size_t))                                  \
  X(value_is_null, cass_bool, (const CassValue *))                                                 \
  X(value_get_bytes, CassError, (const CassValue *, const uint8_t **, size_t *))                   \
  X(value_get_uuid, CassError, (const CassValue *, CassUuid *))                                    \
  X(value_get_int32, CassError, (const CassValue *, int32_t *))                                    \
  X(error_desc, const char *, (CassError))                                                         \
  X(log_set_callback, void, (CassLogCallback, void *))                                             \
  X(log_set_level, void, (int))

/*
 * Functions that a driver may lack; asking for what they do is then an error, but for the queue's
 * size, where a driver without this function has no such queue.
 */
#define CASSETTE_OPTIONAL(X)                                                                       \
  X(cluster_set_queue_size_io, CassError, (CassCluster *, unsigned))                               \
  X(cluster_set_constant_speculative_execution_policy, CassError, (CassCluster *, int64_t, int))   \
  X(cluster_set_constant_reconnect, void, (CassCluster *, uint64_t))                               \
  X(cluster_set_cloud_secure_connection_bundle_n, CassError, (CassCluster *, const char *, size_t))

#define CASSETTE_MEMBER(name, result, parameters) result(*name) parameters;
struct cassette_driver {
  CASSETTE_REQUIRED(CASSETTE_MEMBER)
  CASSETTE_OPTIONAL(CASSETTE_MEMBER)
  char *path;
  bool level_once; /* its log takes a level once, for good */
  bool level_set;
  cassette_driver *next;
};
#undef CASSETTE_MEMBER

#endif
