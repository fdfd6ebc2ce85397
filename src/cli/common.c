/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.c - formats, operands, numbers.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/io.h"
#include "base/log.h"
#include "cli/common.h"

int common_format(const char *format, bool *ret_json, struct oci_error *err)
{
	*ret_json = format && strcmp(format, "json") == 0;
	if (format && !*ret_json && strcmp(format, "table") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "invalid value \"%s\" for --format: expected table or json",
				  format);
	return 0;
}

void common_complain(const char *verb, const struct oci_error *err)
{
	struct log_target log = { .program = "carte" };
	struct oci_error copy = *err;

	err_prefix(&copy, "%s: ", verb);
	(void)fflush(stdout);
	log_failure(&log, &copy);
}

int common_each(const char *verb, char **operands, int count,
		int (*one)(void *ctx, const char *operand, struct oci_error *err), void *ctx)
{
	int status = 0;

	for (int i = 0; i < count; i++) {
		struct oci_error err = OCI_ERROR_INIT;

		if (one(ctx, operands[i], &err) >= 0)
			continue;
		common_complain(verb, &err);
		if (status == 0)
			status = (int)err_kind(&err);
	}
	return status;
}

int common_signal(const char *text)
{
	uint32_t number;

	if (parse_u32(text, &number) == 0)
		return number > 0 && number < (uint32_t)NSIG ? (int)number : -EINVAL;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	if (strncasecmp(text, "RTMIN+", 6) == 0 && parse_u32(text + 6, &number) == 0)
		return SIGRTMIN + (int)number <= SIGRTMAX ? SIGRTMIN + (int)number : -EINVAL;
	for (int i = 1; i < NSIG; i++)
		if (sigabbrev_np(i) && strcasecmp(sigabbrev_np(i), text) == 0)
			return i;
	return -EINVAL;
}

const char *common_signal_name(int number, char buf[32])
{
	if (sigabbrev_np(number))
		snprintf(buf, 32, "SIG%s", sigabbrev_np(number));
	else
		snprintf(buf, 32, "%d", number);
	return buf;
}

int common_bytes(const char *text, int64_t *ret)
{
	static const char units[] = "bkmgt";
	char *end;
	double value;
	const char *unit;

	if (!*text || !strchr("0123456789", *text))
		return -EINVAL;
	value = strtod(text, &end);
	if (*end) {
		unit = strchr(units, *end | 0x20);
		if (!unit)
			return -EINVAL;
		for (; unit > units; unit--)
			value *= 1024;
		end++;
		end += (*end | 0x20) == 'i';
		end += (*end | 0x20) == 'b';
	}
	if (*end || !(value < 9e18))
		return -EINVAL;
	*ret = (int64_t)value;
	return 0;
}

void common_sleep(int ms)
{
	struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&time, NULL);
}

int64_t common_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
