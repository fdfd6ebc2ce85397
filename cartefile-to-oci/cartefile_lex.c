/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile_lex.c - the text of a Cartefile becomes instructions of words.
 *
 * Quotes, backslashes and continued lines are those of the shell (POSIX.1-2017 XCU 2.2), so that a command can be copied;
 * nothing is expanded. Each byte of a word keeps its place, and whether it was quoted.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "cartefile-to-oci/cartefile-private.h"

static bool at_end(const struct lexer *lexer)
{
	return lexer->at == lexer->end;
}

static char peek(const struct lexer *lexer, size_t ahead)
{
	if ((size_t)(lexer->end - lexer->at) > ahead)
		return lexer->at[ahead];
	return '\0';
}

/* Bytes of the line's end that is @ahead, or 0. */
static size_t newline(const struct lexer *lexer, size_t ahead)
{
	if (peek(lexer, ahead) == '\n')
		return 1;
	return peek(lexer, ahead) == '\r' && peek(lexer, ahead + 1) == '\n' ? 2 : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A column is a character; the bytes of one share it. */
static void step(struct lexer *lexer, size_t count)
{
	for (; count > 0; count--) {
		char c = *lexer->at++;

		if (c == '\n')
			lexer->place = (struct cartefile_place){ lexer->place.line + 1, 1 };
		else if ((peek(lexer, 0) & 0xc0) != 0x80)
			lexer->place.column++;
	}
}

static void skip_blanks(struct lexer *lexer)
{
	while (is_blank(peek(lexer, 0)))
		step(lexer, 1);
}

static void skip_line(struct lexer *lexer)
{
	while (!at_end(lexer) && !newline(lexer, 0))
		step(lexer, 1);
	step(lexer, newline(lexer, 0));
}

/* Lines that hold a comment only. */
static void skip_comments(struct lexer *lexer)
{
	for (;;) {
		size_t blanks = 0;

		while (is_blank(peek(lexer, blanks)))
			blanks++;
		if (peek(lexer, blanks) != '#')
			return;
		skip_line(lexer);
	}
}

static int check_byte(const struct lexer *lexer, struct oci_error *err)
{
	unsigned char c = (unsigned char)*lexer->at;

	if (c == 0)
		return cartefile_fail(lexer->file, lexer->place, EINVAL, err,
				      "a NUL byte: expected text in UTF-8");
	if (c == '\r' && !newline(lexer, 0))
		return cartefile_fail(
			lexer->file, lexer->place, EINVAL, err,
			"a carriage return without a line feed: lines end in LF or CR LF");
	if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
		return cartefile_fail(lexer->file, lexer->place, EINVAL, err,
				      "control character 0x%02x: expected text in UTF-8", c);
	return 0;
}

int lexer_init(struct lexer *lexer, const struct cartefile *file, const char *text, size_t length,
	       struct oci_arena *arena, struct oci_error *err)
{
	struct lexer begin = { .file = file, .arena = arena, .at = text, .place = { 1, 1 } };
	int r;

	begin.end = text + length;
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		begin.at += 3;
	*lexer = begin;
	while (!at_end(lexer)) {
		size_t n = utf8_length(lexer->at, (size_t)(lexer->end - lexer->at));

		if (n == 0 && *lexer->at)
			return cartefile_fail(file, lexer->place, EINVAL, err,
					      "byte 0x%02x is not UTF-8: save the file in UTF-8",
					      (unsigned char)*lexer->at);
		r = check_byte(lexer, err);
		if (r < 0)
			return r;
		step(lexer, n);
	}
	*lexer = begin;
	return 0;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

struct builder {
	struct letter *letters;
	size_t len, room;
};

static int put(struct lexer *lexer, struct builder *b, bool literal, struct oci_error *err)
{
	if (b->len == b->room) {
		size_t room = b->room ? b->room * 2 : 32;
		struct letter *letters = oci_arena_array(lexer->arena, room, sizeof(*letters));

		if (!letters)
			return err_nomem(err);
		if (b->len > 0)
			memcpy(letters, b->letters, b->len * sizeof(*letters));
		b->letters = letters;
		b->room = room;
	}
	b->letters[b->len++] = (struct letter){ lexer->place, peek(lexer, 0), literal };
	if (!at_end(lexer))
		step(lexer, 1);
	return 0;
}

static int quoted(struct lexer *lexer, struct builder *b, struct oci_error *err)
{
	struct cartefile_place begin = lexer->place;
	char quote = peek(lexer, 0);
	int r;

	step(lexer, 1);
	while (peek(lexer, 0) != quote) {
		if (at_end(lexer) || newline(lexer, 0))
			return cartefile_fail(lexer->file, begin, EINVAL, err,
					      "the quote that begins here has no end: expected "
					      "another %c on this line",
					      quote);
		if (quote == '"' && peek(lexer, 0) == '\\' && peek(lexer, 1) &&
		    strchr("\"\\$`", peek(lexer, 1)))
			step(lexer, 1);
		r = put(lexer, b, true, err);
		if (r < 0)
			return r;
	}
	step(lexer, 1);
	return 0;
}

/* At a backslash. Return: 1 when it continued the line, 0 when it makes the next byte literal. */
static int backslash(struct lexer *lexer, struct oci_error *err)
{
	struct cartefile_place begin = lexer->place;
	size_t blanks = 1;

	while (is_blank(peek(lexer, blanks)))
		blanks++;
	if (blanks > 1 && (newline(lexer, blanks) || lexer->at + blanks == lexer->end))
		return cartefile_fail(
			lexer->file, begin, EINVAL, err,
			"blanks behind the '\\': remove them, so that it continues the line");
	step(lexer, 1);
	if (newline(lexer, 0)) {
		step(lexer, newline(lexer, 0));
		skip_comments(lexer);
		if (!at_end(lexer))
			return 1;
	}
	if (at_end(lexer))
		return cartefile_fail(lexer->file, begin, EINVAL, err,
				      "'\\' continues the line, but the file ends here");
	return 0;
}

static int read_letters(struct lexer *lexer, struct builder *b, struct oci_error *err)
{
	int r = 0;

	while (r >= 0 && !at_end(lexer) && !is_blank(peek(lexer, 0)) && !newline(lexer, 0)) {
		if (peek(lexer, 0) == '"' || peek(lexer, 0) == '\'') {
			r = quoted(lexer, b, err);
		} else if (peek(lexer, 0) == '\\') {
			r = backslash(lexer, err);
			if (r == 0)
				r = put(lexer, b, true, err);
		} else {
			r = put(lexer, b, false, err);
		}
	}
	return r < 0 ? r : 0;
}

static int read_word(struct lexer *lexer, struct word *ret, struct oci_error *err)
{
	struct word word = { .place = lexer->place };
	struct builder b = { NULL, 0, 0 };
	int r = read_letters(lexer, &b, err);

	if (r < 0)
		return r;
	word.length = b.len;
	word.text = oci_arena_alloc(lexer->arena, b.len + 1);
	if (!word.text)
		return err_nomem(err);
	for (size_t i = 0; i < b.len; i++)
		word.text[i] = b.letters[i].byte;
	if (b.len == b.room) {
		struct letter *letters = oci_arena_array(lexer->arena, b.len + 1, sizeof(*letters));

		if (!letters)
			return err_nomem(err);
		if (b.len > 0)
			memcpy(letters, b.letters, b.len * sizeof(*letters));
		b.letters = letters;
	}
	b.letters[b.len] = (struct letter){ lexer->place, '\0', false };
	word.letters = b.letters;
	*ret = word;
	return 0;
}

static int add_word(struct lexer *lexer, struct instruction *in, struct oci_error *err)
{
	int r;

	if (in->len == in->room) {
		size_t room = in->room ? in->room * 2 : 8;
		struct word *words = oci_arena_array(lexer->arena, room, sizeof(*words));

		if (!words)
			return err_nomem(err);
		if (in->len > 0)
			memcpy(words, in->words, in->len * sizeof(*words));
		in->words = words;
		in->room = room;
	}
	r = read_word(lexer, &in->words[in->len], err);
	if (r < 0)
		return r;
	in->len++;
	in->end = lexer->place;
	return 0;
}

/* A continued line without a word in it, as in "PATH a \": passed over here, since no word is begun. */
static bool continues(const struct lexer *lexer)
{
	return peek(lexer, 0) == '\\' && newline(lexer, 1);
}

/* To the first byte of an instruction. Return: false at the end of the text. */
static bool skip_to_instruction(struct lexer *lexer)
{
	for (;;) {
		skip_comments(lexer);
		skip_blanks(lexer);
		if (at_end(lexer))
			return false;
		if (!newline(lexer, 0))
			return true;
		step(lexer, newline(lexer, 0));
	}
}

int lexer_next(struct lexer *lexer, struct instruction *ret, struct oci_error *err)
{
	struct instruction in = { NULL, 0, 0, { 0, 0 } };

	/* a line may be continued without a word in it */
	while (in.len == 0 && skip_to_instruction(lexer)) {
		while (!at_end(lexer) && !newline(lexer, 0)) {
			int r = continues(lexer) ? backslash(lexer, err)
						 : add_word(lexer, &in, err);

			if (r < 0)
				return r;
			skip_blanks(lexer);
		}
	}
	*ret = in;
	return in.len > 0;
}

size_t word_find(const struct word *word, char byte, size_t from)
{
	while (from < word->length && !word_is_plain(word, from, byte))
		from++;
	return from;
}

bool word_is_plain(const struct word *word, size_t at, char byte)
{
	return at < word->length && word->letters[at].byte == byte && !word->letters[at].literal;
}

const char *shown(char buf[SHOWN_SIZE], const char *text)
{
	size_t n = strlen(text), limit = SHOWN_SIZE - sizeof("...");

	if (n <= limit) {
		memcpy(buf, text, n + 1);
		return buf;
	}
	for (n = limit; n > 0 && (text[n] & 0xc0) == 0x80; n--)
		;
	snprintf(buf, SHOWN_SIZE, "%.*s...", (int)n, text);
	return buf;
}
