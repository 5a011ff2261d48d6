/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-capture OUT.pcap: writes a small capture of traffic that never happened, for tests, demos
 * and documents. It holds what a reader of captures has to bear: keep-alive and pipelined HTTP/1.1,
 * a chunked answer, a retransmission, segments out of order, a VLAN, DNS, Redis, PostgreSQL, IP
 * fragments, a frame cut by the snap length. Checksums are right; each run writes the same bytes.
 * Names and addresses are those kept for documentation (RFC 2606, RFC 5737); the secrets are made
 * up, to see them masked.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MTU_BODY   1480 /* bytes behind an IP header of 20 in an Ethernet frame */
#define MSS        1460
#define BODY_MAX   8192
#define SNAPLEN    65535
#define BEGIN_S    1767225600 /* 2026-01-01T00:00:00Z */
#define BETWEEN_US 700

enum { CLIENT, SERVER };
enum { FIN = 0x01, SYN = 0x02, PSH = 0x08, ACK = 0x10 };
enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17 };

struct bytes {
	size_t n;
	uint8_t b[BODY_MAX];
};

struct host {
	uint8_t ip[4];
};

/* From where to where, on which VLAN (0: none), and how much of a frame is kept (0: all). */
struct path {
	const struct host *from, *to;
	uint16_t vlan;
	size_t keep_bytes;
};

struct conn {
	const struct host *host[2];
	uint16_t port[2];
	uint32_t next[2]; /* sequence number of each side's next byte */
};

static const struct host browser = { { 192, 0, 2, 10 } }, worker = { { 192, 0, 2, 11 } },
			 shop = { { 198, 51, 100, 20 } }, resolver = { { 203, 0, 113, 53 } };
static FILE *out;
static uint64_t clock_us;
static uint16_t next_ip_id = 1;

/* ---- Bytes ---- */

static void put(struct bytes *to, const void *p, size_t n)
{
	assert(n <= sizeof(to->b) - to->n);
	memcpy(to->b + to->n, p, n);
	to->n += n;
}

static void put_u8(struct bytes *to, unsigned v)
{
	put(to, &(uint8_t){ (uint8_t)v }, 1);
}

static void put_u16(struct bytes *to, unsigned v)
{
	put_u8(to, v >> 8);
	put_u8(to, v & 0xff);
}

static void put_u32(struct bytes *to, uint32_t v)
{
	put_u16(to, v >> 16);
	put_u16(to, v & 0xffff);
}

static void put_text(struct bytes *to, const char *text)
{
	put(to, text, strlen(text));
}

static void set_u16(struct bytes *in, size_t at, unsigned v)
{
	in->b[at] = (uint8_t)(v >> 8);
	in->b[at + 1] = (uint8_t)v;
}

/* RFC 1071, over what `sum` holds already. */
static uint32_t sum_bytes(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static unsigned sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* ---- Layers ---- */

/* pcap is written in one byte order everywhere, so that the file is the same everywhere. */
static void file_u32(uint32_t v)
{
	for (int i = 0; i < 4; i++)
		fputc((int)(v >> 8 * i & 0xff), out);
}

static void write_head(void)
{
	file_u32(0xa1b2c3d4);
	file_u32(4 << 16 | 2); /* version 2.4 */
	file_u32(0);
	file_u32(0);
	file_u32(SNAPLEN);
	file_u32(1); /* Ethernet */
}

static void write_frame(const struct bytes *frame, size_t keep_bytes)
{
	size_t kept = keep_bytes && keep_bytes < frame->n ? keep_bytes : frame->n;

	clock_us += BETWEEN_US;
	file_u32((uint32_t)(BEGIN_S + clock_us / 1000000));
	file_u32((uint32_t)(clock_us % 1000000));
	file_u32((uint32_t)kept);
	file_u32((uint32_t)frame->n);
	fwrite(frame->b, 1, kept, out);
}

/* A locally administered address, its end that of the IP address. */
static void put_mac(struct bytes *to, const struct host *host)
{
	put_u16(to, 0x0200);
	put(to, host->ip, 4);
}

static void send_part(const struct path *path, unsigned proto, unsigned id, unsigned fragment,
		      const uint8_t *body, size_t n)
{
	struct bytes frame = { 0 };
	size_t ip;

	put_mac(&frame, path->to);
	put_mac(&frame, path->from);
	if (path->vlan) {
		put_u16(&frame, 0x8100);
		put_u16(&frame, path->vlan);
	}
	put_u16(&frame, 0x0800);
	ip = frame.n;
	put_u16(&frame, 0x4500);
	put_u16(&frame, (unsigned)(20 + n));
	put_u16(&frame, id);
	put_u16(&frame, fragment);
	put_u8(&frame, 64);
	put_u8(&frame, proto);
	put_u16(&frame, 0);
	put(&frame, path->from->ip, 4);
	put(&frame, path->to->ip, 4);
	set_u16(&frame, ip + 10, sum_end(sum_bytes(0, frame.b + ip, 20)));
	put(&frame, body, n);
	write_frame(&frame, path->keep_bytes);
}

/* In as many fragments as it takes. */
static void send_ip(const struct path *path, unsigned proto, const struct bytes *body)
{
	unsigned id = next_ip_id++;
	size_t at = 0;

	do {
		size_t n = body->n - at < MTU_BODY ? body->n - at : MTU_BODY;
		unsigned more = at + n < body->n ? 0x2000 : 0;

		send_part(path, proto, id, more | (unsigned)(at / 8), body->b + at, n);
		at += n;
	} while (at < body->n);
}

/* The checksum of UDP and TCP covers the addresses too. */
static void set_checksum(struct bytes *body, size_t at, unsigned proto, const struct path *path)
{
	uint32_t sum = proto + (uint32_t)body->n;
	unsigned end;

	sum = sum_bytes(sum, path->from->ip, 4);
	sum = sum_bytes(sum, path->to->ip, 4);
	end = sum_end(sum_bytes(sum, body->b, body->n));
	set_u16(body, at, end == 0 && proto == PROTO_UDP ? 0xffff : end);
}

static void send_udp(const struct path *path, unsigned from_port, unsigned to_port,
		     const struct bytes *payload)
{
	struct bytes body = { 0 };

	put_u16(&body, from_port);
	put_u16(&body, to_port);
	put_u16(&body, (unsigned)(8 + payload->n));
	put_u16(&body, 0);
	put(&body, payload->b, payload->n);
	set_checksum(&body, 6, PROTO_UDP, path);
	send_ip(path, PROTO_UDP, &body);
}

static void send_ping(const struct path *path, unsigned type)
{
	struct bytes body = { 0 };

	put_u16(&body, type << 8);
	put_u16(&body, 0);
	put_u16(&body, 0x1234); /* identifier */
	put_u16(&body, 1);      /* sequence number */
	put_text(&body, "redoubt redoubt redoubt redoubt ");
	set_u16(&body, 2, sum_end(sum_bytes(0, body.b, body.n)));
	send_ip(path, PROTO_ICMP, &body);
}

/* ---- TCP and HTTP ---- */

/* A segment `ahead` bytes behind the next one of its side; sequence numbers do not move. */
static void send_tcp(const struct conn *c, int side, unsigned flags, int32_t ahead,
		     const char *data, size_t n)
{
	struct path path = { .from = c->host[side], .to = c->host[!side] };
	struct bytes body = { 0 };
	bool syn = flags & SYN;

	put_u16(&body, c->port[side]);
	put_u16(&body, c->port[!side]);
	put_u32(&body, c->next[side] + (uint32_t)ahead);
	put_u32(&body, flags & ACK ? c->next[!side] : 0);
	put_u16(&body, (syn ? 0x6000u : 0x5000u) | flags);
	put_u16(&body, 64240);
	put_u32(&body, 0);
	if (syn)
		put_u32(&body, 0x02040000 | MSS);
	put(&body, data, n);
	set_checksum(&body, 16, PROTO_TCP, &path);
	send_ip(&path, PROTO_TCP, &body);
}

static struct conn conn_open(const struct host *client, uint16_t port, uint16_t to_port,
			     uint32_t first)
{
	struct conn c = { { client, &shop }, { port, to_port }, { first, first * 3 } };

	send_tcp(&c, CLIENT, SYN, 0, "", 0);
	c.next[CLIENT]++;
	send_tcp(&c, SERVER, SYN | ACK, 0, "", 0);
	c.next[SERVER]++;
	send_tcp(&c, CLIENT, ACK, 0, "", 0);
	return c;
}

static void conn_close(struct conn *c)
{
	send_tcp(c, CLIENT, FIN | ACK, 0, "", 0);
	c->next[CLIENT]++;
	send_tcp(c, SERVER, FIN | ACK, 0, "", 0);
	c->next[SERVER]++;
	send_tcp(c, CLIENT, ACK, 0, "", 0);
}

/* Sends all bytes in order, and the other side's acknowledgement. */
static void say_bytes(struct conn *c, int side, const char *text, size_t left)
{
	while (left > 0) {
		size_t n = left < MSS ? left : MSS;

		send_tcp(c, side, n == left ? PSH | ACK : ACK, 0, text, n);
		c->next[side] += (uint32_t)n;
		text += n;
		left -= n;
	}
	send_tcp(c, !side, ACK, 0, "", 0);
}

static void say(struct conn *c, int side, const char *text)
{
	say_bytes(c, side, text, strlen(text));
}

/* A message with its length; head is the start line and further fields. */
static void say_http(struct conn *c, int side, const char *head, const char *body)
{
	char text[BODY_MAX];
	int n = snprintf(text, sizeof(text), "%sContent-Length: %zu\r\n\r\n%s", head, strlen(body),
			 body);

	assert(n > 0 && (size_t)n < sizeof(text));
	say(c, side, text);
}

/* ---- The scenes ---- */

static void scene_dns(void)
{
	static const char name[] = "\4shop\7example\3com";
	struct bytes query = { 0 }, answer;

	put_u16(&query, 0x2026);
	put_u16(&query, 0x0100); /* recursion desired */
	put_u32(&query, 0x00010000);
	put_u32(&query, 0);
	put(&query, name, sizeof(name));
	put_u32(&query, 0x00010001); /* A, IN */
	answer = query;
	set_u16(&answer, 2, 0x8180);
	set_u16(&answer, 6, 1);
	put_u16(&answer, 0xc00c); /* the name at byte 12 */
	put_u32(&answer, 0x00010001);
	put_u32(&answer, 300);
	put_u16(&answer, 4);
	put(&answer, shop.ip, 4);

	send_udp(&(struct path){ .from = &browser, .to = &resolver }, 40053, 53, &query);
	send_udp(&(struct path){ .from = &resolver, .to = &browser }, 53, 40053, &answer);
}

#define REQUEST(line) line " HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: example/1.0\r\n"
#define OK(type)      "HTTP/1.1 200 OK\r\nServer: example\r\nContent-Type: " type "\r\n"

static void scene_keep_alive(void)
{
	struct conn c = conn_open(&browser, 50001, 80, 1000000);
	char page[3000] = "<!doctype html><title>Shop</title>\n";

	/* Long enough for three segments. */
	for (size_t n = strlen(page); n < sizeof(page) - 1; n++)
		page[n] = n % 40 == 39 ? '\n' : '.';
	say(&c, CLIENT, REQUEST("GET /") "Accept: text/html\r\n\r\n");
	say_http(&c, SERVER, OK("text/html"), page);
	say_http(&c, CLIENT, REQUEST("POST /login") "Content-Type: application/json\r\n",
		 "{\"user\":\"kim@example.com\",\"password\":\"not-a-real-password\"}");
	say_http(&c, SERVER,
		 OK("application/json") "Set-Cookie: session=fake-session-0001; HttpOnly\r\n",
		 "{\"token\":\"fake-token-0001\"}");
	say(&c, CLIENT,
	    REQUEST("GET /api/orders?page=1&api_key=fake-key-0001") "Authorization: Bearer fake-token-0001\r\nCookie: session=fake-session-0001\r\n\r\n");
	say_http(&c, SERVER, OK("application/json"),
		 "{\"orders\":[{\"id\":7,\"card\":\"4111 1111 1111 1111\"}]}");
	say(&c, CLIENT, REQUEST("GET /missing") "\r\n");
	say_http(&c, SERVER, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n",
		 "no such page\n");
	conn_close(&c);
}

static void scene_chunked(void)
{
	struct conn c = conn_open(&worker, 50002, 80, 2000000);

	say(&c, CLIENT,
	    REQUEST("GET /report") "Authorization: Basic ZmFrZTpmYWtl\r\n\r\n"); /* fake:fake */
	say(&c, SERVER,
	    OK("text/plain") "Transfer-Encoding: chunked\r\n\r\n10\r\nfirst of three, \r\n");
	say(&c, SERVER, "b\r\nsecond of 3\r\n");
	say(&c, SERVER, "6;note=x\r\n, end\n\r\n0\r\nX-Rows: 3\r\n\r\n");
	conn_close(&c);
}

/* Two requests in one segment; the second answer's halves change places, and the first half of a
 * third is sent twice. */
static void scene_disorder(void)
{
	static const char first[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
			  second[] = "two\n", again[] = "HTTP/1.1 204 No Content\r\n",
			  end[] = "\r\n";
	const int32_t n = (int32_t)sizeof(first) - 1;
	struct conn c = conn_open(&browser, 50003, 80, 3000000);

	say(&c, CLIENT, REQUEST("GET /one") "\r\n" REQUEST("GET /two") "\r\n");
	say(&c, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\none\n");
	send_tcp(&c, SERVER, PSH | ACK, n, second, sizeof(second) - 1);
	send_tcp(&c, SERVER, ACK, 0, first, sizeof(first) - 1);
	c.next[SERVER] += (uint32_t)n + (uint32_t)(sizeof(second) - 1);
	send_tcp(&c, CLIENT, ACK, 0, "", 0);

	say(&c, CLIENT, REQUEST("DELETE /cart") "X-Api-Key: fake-key-0002\r\n\r\n");
	say(&c, SERVER, again);
	send_tcp(&c, SERVER, PSH | ACK, -(int32_t)(sizeof(again) - 1), again, sizeof(again) - 1);
	say(&c, SERVER, end);
	conn_close(&c);
}

static void scene_redis(void)
{
	struct conn c = conn_open(&worker, 50004, 6379, 4000000);

	say(&c, CLIENT, "*2\r\n$4\r\nAUTH\r\n$18\r\nfake-password-0001\r\n");
	say(&c, SERVER, "+OK\r\n");
	say(&c, CLIENT, "*2\r\n$3\r\nGET\r\n$15\r\nsession:8675309\r\n");
	say(&c, SERVER, "$15\r\nkim@example.com\r\n");
	conn_close(&c);
}

/* A literal with its zero bytes, and the one at its end. */
#define SAY_Z(c, side, literal) say_bytes(c, side, literal, sizeof(literal))

static void scene_postgresql(void)
{
	struct conn c = conn_open(&worker, 50005, 5432, 5000000);

	SAY_Z(&c, CLIENT, "\0\0\0\x20\0\3\0\0user\0kim\0database\0shop\0");
	SAY_Z(&c, SERVER, "R\0\0\0\x8\0\0\0");
	say_bytes(&c, SERVER, "Z\0\0\0\5I", 6);
	SAY_Z(&c, CLIENT,
	      "Q\0\0\0\x45SELECT id FROM customers WHERE email = 'kim@example.com' LIMIT 1");
	SAY_Z(&c, SERVER, "T\0\0\0\x1b\0\1id\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0");
	SAY_Z(&c, SERVER,
	      "D\0\0\0\xb\0\1\0\0\0\1"
	      "7C\0\0\0\xdSELECT 1");
	say_bytes(&c, SERVER, "Z\0\0\0\5I", 6);
	conn_close(&c);
}

static void scene_frames(void)
{
	struct path there = { .from = &browser, .to = &worker, .vlan = 100 };
	struct path back = { .from = &worker, .to = &browser, .vlan = 100 };
	struct bytes log = { 0 };

	send_ping(&there, 8);
	send_ping(&back, 0);
	there.vlan = 0;
	while (log.n < 4000)
		put_text(&log, "a line that is one of many in a datagram\n");
	send_udp(&there, 40001, 40002, &log);
	log.n = 200;
	there.keep_bytes = 96;
	send_udp(&there, 40001, 40002, &log);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make-capture OUT.pcap\n");
		return 2;
	}
	out = fopen(argv[1], "wb");
	if (!out) {
		perror(argv[1]);
		return 1;
	}
	write_head();
	scene_dns();
	scene_keep_alive();
	scene_chunked();
	scene_disorder();
	scene_redis();
	scene_postgresql();
	scene_frames();
	if (ferror(out) | fclose(out)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
