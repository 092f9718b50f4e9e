/* Options and log of the driver without a database: most are taken and forgotten. */
#include "fake_driver.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

EXPORT CassCluster *cass_cluster_new(void) {
  return calloc(1, sizeof(CassCluster));
}

EXPORT void cass_cluster_free(CassCluster *cluster) {
  free(cluster);
}

static void keep(char *to, const char *from, size_t length) {
  if (length > 63) length = 63;
  memcpy(to, from, length);
  to[length] = 0;
}

EXPORT CassError cass_cluster_set_contact_points_n(CassCluster *cluster, const char *points,
                                                   size_t length) {
  keep(cluster->contact, points, length);
  return CASS_OK;
}

EXPORT void cass_cluster_set_credentials_n(CassCluster *cluster, const char *user, size_t length,
                                           const char *password, size_t password_length) {
  (void)password;
  (void)password_length;
  keep(cluster->user, user, length);
}

#define IGNORE(name, result, type, value)                                                          \
  EXPORT result cass_cluster_##name(CassCluster *cluster, type number) {                           \
    (void)cluster;                                                                                 \
    (void)number;                                                                                  \
    return value;                                                                                  \
  }
IGNORE(set_port, CassError, int, CASS_OK)
IGNORE(set_consistency, CassError, int, CASS_OK)
#ifndef FAKE_RUST
IGNORE(set_queue_size_io, CassError, unsigned, CASS_OK)
#endif
IGNORE(set_core_connections_per_host, CassError, unsigned, CASS_OK)
IGNORE(set_request_timeout, void, unsigned, )
IGNORE(set_connect_timeout, void, unsigned, )

EXPORT CassError cass_cluster_set_num_threads_io(CassCluster *cluster, unsigned threads) {
  (void)cluster;
  return threads == 0 ? 1 << 24 | 1 : CASS_OK;
}

EXPORT CassError cass_cluster_set_load_balance_dc_aware_n(CassCluster *cluster, const char *dc,
                                                          size_t length, unsigned hosts,
                                                          cass_bool allow) {
  (void)cluster;
  (void)dc;
  (void)length;
  (void)hosts;
  (void)allow;
  return CASS_OK;
}

EXPORT CassError cass_cluster_set_constant_speculative_execution_policy(CassCluster *cluster,
                                                                        int64_t delay, int most) {
  (void)cluster;
  (void)delay;
  (void)most;
  return CASS_OK;
}

EXPORT void cass_cluster_set_ssl(CassCluster *cluster, CassSsl *ssl) {
  (void)cluster;
  (void)ssl;
}

EXPORT CassSsl *cass_ssl_new(void) {
  return malloc(1);
}

EXPORT void cass_ssl_free(CassSsl *ssl) {
  free(ssl);
}

EXPORT CassError cass_ssl_add_trusted_cert_n(CassSsl *ssl, const char *text, size_t length) {
  (void)ssl;
  return length > 5 && memcmp(text, "-----", 5) == 0 ? CASS_OK : 3 << 24 | 1;
}

EXPORT CassError cass_ssl_set_cert_n(CassSsl *ssl, const char *text, size_t length) {
  return cass_ssl_add_trusted_cert_n(ssl, text, length);
}

EXPORT CassError cass_ssl_set_private_key_n(CassSsl *ssl, const char *text, size_t length,
                                            const char *password, size_t password_length) {
  (void)ssl;
  (void)text;
  (void)length;
  return password_length == 6 && memcmp(password, "secret", 6) == 0 ? CASS_OK : 3 << 24 | 2;
}

EXPORT void cass_ssl_set_verify_flags(CassSsl *ssl, int flags) {
  (void)ssl;
  (void)flags;
}

EXPORT const char *cass_error_desc(CassError code) {
  return code >> 24 == 3 ? "bad certificate or key" : "bad parameters";
}

static CassLogCallback log_callback;
static void *log_data;

EXPORT void cass_log_set_callback(CassLogCallback callback, void *data) {
  log_callback = callback;
  log_data = data;
}

EXPORT void cass_log_set_level(int level) {
#ifdef FAKE_RUST
  static bool set;
  if (!log_callback || set) abort(); /* a callback first, and a level once */
  set = true;
#endif
  if (!log_callback) return;
  CassLogMessage message = {.severity = level, .file = "", .function = ""};
  memcpy(message.message, "level changed", 14);
  log_callback(&message, log_data);
}
