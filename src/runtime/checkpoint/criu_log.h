/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_log.h - the reason of a failure, found in criu's log.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_CRIU_LOG_H
#define CARTE_RUNTIME_CHECKPOINT_CRIU_LOG_H

#include <stddef.h>

/**
 * criu_log_find_error - the last line of @text that is an error and says more than that all has failed, without its
 * time stamp. @text is changed. NULL: none.
 */
char *criu_log_find_error(char *text);

/** criu_log_read_error - the same of a file, in the caller's buffer; "" when there is none. */
void criu_log_read_error(int dirfd, const char *file, char *ret, size_t size);

#endif
