// SPDX-License-Identifier: Apache-2.0
/*
 * Asking for a passphrase on the terminal of this process, wherever its input and output lead. Keys
 * are read one by one, so that an interrupt is seen here and the terminal is left as it was found.
 */
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "keystore/keystore_int.h"

#define KEY_INTERRUPT 0x03
#define KEY_END       0x04
#define KEY_BACKSPACE 0x08
#define KEY_KILL      0x15
#define KEY_QUIT      0x1c
#define KEY_DELETE    0x7f

static void say(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

/* Without its last character, which may be several bytes of UTF-8. */
static size_t without_last(const uint8_t *line, size_t n)
{
	while (n > 0 && (line[n - 1] & 0xc0) == 0x80)
		n--;
	return n > 0 ? n - 1 : 0;
}

static ssize_t read_line(int fd, uint8_t *out, size_t room)
{
	size_t n = 0;

	for (;;) {
		uint8_t key = 0;
		ssize_t got = read(fd, &key, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0 || key == KEY_INTERRUPT || key == KEY_QUIT)
			return -ECANCELED;
		if (key == KEY_END && n == 0)
			return -ECANCELED;
		if (key == '\n' || key == '\r' || key == KEY_END)
			return (ssize_t)n;
		if (key == KEY_BACKSPACE || key == KEY_DELETE)
			n = without_last(out, n);
		else if (key == KEY_KILL)
			n = 0;
		else if (n == room)
			return -ENOBUFS;
		else
			out[n++] = key;
	}
}

ssize_t keystore_ask(const char *prompt, uint8_t *out, size_t n)
{
	CLEANUP(fd_close) int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios old, raw;
	ssize_t got;

	if (fd < 0 || tcgetattr(fd, &old) < 0)
		return -ENXIO;
	raw = old;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSAFLUSH, &raw) < 0)
		return -errno;
	say(fd, prompt);
	got = read_line(fd, out, n);
	say(fd, "\n");
	if (tcsetattr(fd, TCSAFLUSH, &old) < 0 && got >= 0)
		got = -errno;
	if (got < 0)
		crypto_wipe(out, n);
	return got;
}
