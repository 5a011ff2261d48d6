/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of DNS by name, as IANA has them. A type also says how its rdata is shown, a letter
 * for each of its parts; rdata.c explains them.
 */
#include "dissect/dns/message.h"

/* Those with low numbers are most of what is seen, and found at once. */
static const struct type_row low_types[] = {
	[1] = { "A", "4" },
	[2] = { "NS", "n" },
	[3] = { "MD", "n" },
	[4] = { "MF", "n" },
	[5] = { "CNAME", "n" },
	[6] = { "SOA", "nNw-" },
	[7] = { "MB", "n" },
	[8] = { "MG", "n" },
	[9] = { "MR", "n" },
	[10] = { "NULL", "L" },
	[11] = { "WKS", "L" },
	[12] = { "PTR", "n" },
	[13] = { "HINFO", "L" },
	[14] = { "MINFO", "nn" },
	[15] = { "MX", "hn" },
	[16] = { "TXT", "L" },
	[17] = { "RP", "nn" },
	[18] = { "AFSDB", "hn" },
	[19] = { "X25", "L" },
	[20] = { "ISDN", "L" },
	[21] = { "RT", "hn" },
	[22] = { "NSAP", "L" },
	[23] = { "NSAP-PTR", "n" },
	[24] = { "SIG", "tbBWWWHn-" },
	[25] = { "KEY", "hbbL" },
	[26] = { "PX", "hnn" },
	[27] = { "GPOS", "L" },
	[28] = { "AAAA", "6" },
	[29] = { "LOC", "L" },
	[30] = { "NXT", "n-" },
	[31] = { "EID", "L" },
	[32] = { "NIMLOC", "L" },
	[33] = { "SRV", "hhhn" },
	[34] = { "ATMA", "L" },
	[35] = { "NAPTR", "hhSSSn" },
	[36] = { "KX", "hn" },
	[37] = { "CERT", "hhbL" },
	[38] = { "A6", "L" },
	[39] = { "DNAME", "n" },
	[40] = { "SINK", "L" },
	[41] = { "OPT", "L" },
	[42] = { "APL", "L" },
	[43] = { "DS", "hbbL" },
	[44] = { "SSHFP", "bbL" },
	[45] = { "IPSECKEY", "bbbL" },
	[46] = { "RRSIG", "tbBWWWHn-" },
	[47] = { "NSEC", "n-" },
	[48] = { "DNSKEY", "hbbL" },
	[49] = { "DHCID", "L" },
	[50] = { "NSEC3", "bbhL" },
	[51] = { "NSEC3PARAM", "bbhL" },
	[52] = { "TLSA", "bbbL" },
	[53] = { "SMIMEA", "bbbL" },
	[55] = { "HIP", "L" },
	[56] = { "NINFO", "L" },
	[57] = { "RKEY", "L" },
	[58] = { "TALINK", "nn" },
	[59] = { "CDS", "hbbL" },
	[60] = { "CDNSKEY", "hbbL" },
	[61] = { "OPENPGPKEY", "L" },
	[62] = { "CSYNC", "wh-" },
	[63] = { "ZONEMD", "wbbL" },
	[64] = { "SVCB", "hnP" },
	[65] = { "HTTPS", "hnP" },
	[66] = { "DSYNC", "tbhn" },
};

static const struct {
	unsigned number;
	struct type_row row;
} high_types[] = {
	{ 99, { "SPF", "L" } },       { 104, { "NID", "L" } },     { 105, { "L32", "L" } },
	{ 106, { "L64", "L" } },      { 107, { "LP", "hn" } },     { 108, { "EUI48", "L" } },
	{ 109, { "EUI64", "L" } },    { 249, { "TKEY", "n-" } },   { 250, { "TSIG", "n-" } },
	{ 251, { "IXFR", "L" } },     { 252, { "AXFR", "L" } },    { 253, { "MAILB", "L" } },
	{ 254, { "MAILA", "L" } },    { 255, { "ANY", "L" } },     { 256, { "URI", "hhL" } },
	{ 257, { "CAA", "bsL" } },    { 258, { "AVC", "L" } },     { 259, { "DOA", "L" } },
	{ 260, { "AMTRELAY", "L" } }, { 32768, { "TA", "hbbL" } }, { 32769, { "DLV", "hbbL" } },
};

struct numbered {
	unsigned number;
	const char *name;
};

static const struct numbered classes[] = {
	{ 1, "IN" }, { 3, "CH" }, { 4, "HS" }, { 254, "NONE" }, { 255, "ANY" },
};

static const struct numbered opcodes[] = {
	{ 0, "QUERY" },  { 1, "IQUERY" }, { 2, "STATUS" },
	{ 4, "NOTIFY" }, { 5, "UPDATE" }, { 6, "DSO" },
};

/* 16 is BADVERS in a response and BADSIG in a TSIG record; this is of responses. */
static const struct numbered rcodes[] = {
	{ 0, "NOERROR" },  { 1, "FORMERR" }, { 2, "SERVFAIL" },  { 3, "NXDOMAIN" },
	{ 4, "NOTIMP" },   { 5, "REFUSED" }, { 6, "YXDOMAIN" },  { 7, "YXRRSET" },
	{ 8, "NXRRSET" },  { 9, "NOTAUTH" }, { 10, "NOTZONE" },  { 11, "DSOTYPENI" },
	{ 16, "BADVERS" }, { 17, "BADKEY" }, { 18, "BADTIME" },  { 19, "BADMODE" },
	{ 20, "BADNAME" }, { 21, "BADALG" }, { 22, "BADTRUNC" }, { 23, "BADCOOKIE" },
};

static const struct numbered svcb_keys[] = {
	{ 0, "mandatory" }, { 1, "alpn" },     { 2, "no-default-alpn" },
	{ 3, "port" },      { 4, "ipv4hint" }, { 5, "ech" },
	{ 6, "ipv6hint" },  { 7, "dohpath" },  { 8, "ohttp" },
};

static const struct numbered options[] = {
	{ 1, "LLQ" },
	{ 2, "UPDATE-LEASE" },
	{ 3, "NSID" },
	{ 5, "DAU" },
	{ 6, "DHU" },
	{ 7, "N3U" },
	{ 8, "CLIENT-SUBNET" },
	{ 9, "EXPIRE" },
	{ 10, "COOKIE" },
	{ 11, "TCP-KEEPALIVE" },
	{ 12, "PADDING" },
	{ 13, "CHAIN" },
	{ 14, "KEY-TAG" },
	{ 15, "ERROR" },
	{ 16, "CLIENT-TAG" },
	{ 17, "SERVER-TAG" },
	{ 18, "REPORT-CHANNEL" },
	{ 19, "ZONEVERSION" },
	{ 20292, "UMBRELLA-IDENT" },
	{ 26946, "DEVICE-ID" },
	{ UINT32_MAX, "OTHER" },
};
static_assert(ARRAY_LEN(options) <= 64, "each has a bit");

static const char *const anomalies[] = {
#define ANOMALY_NAME_(id, name) name,
	ANOMALY_TABLE(ANOMALY_NAME_)
};

static const struct numbered *find(const struct numbered *row, size_t n, unsigned number)
{
	for (size_t i = 0; i < n; i++)
		if (row[i].number == number)
			return &row[i];
	return NULL;
}

#define NAME_IN(table, number) name_of(find((table), ARRAY_LEN(table), (number)))

static const char *name_of(const struct numbered *row)
{
	return row ? row->name : NULL;
}

const struct type_row *dns_table_type(unsigned number)
{
	if (number < ARRAY_LEN(low_types))
		return low_types[number].name ? &low_types[number] : NULL;
	for (size_t i = 0; i < ARRAY_LEN(high_types); i++)
		if (high_types[i].number == number)
			return &high_types[i].row;
	return NULL;
}

const char *dns_table_class(unsigned number)
{
	return NAME_IN(classes, number);
}

const char *dns_table_opcode(unsigned number)
{
	return NAME_IN(opcodes, number);
}

const char *dns_table_rcode(unsigned number)
{
	return NAME_IN(rcodes, number);
}

const char *dns_table_svcb_key(unsigned number)
{
	return NAME_IN(svcb_keys, number);
}

const char *dns_table_anomaly(unsigned number)
{
	return anomalies[number];
}

uint64_t dns_table_option_bit(unsigned number)
{
	const struct numbered *row = find(options, ARRAY_LEN(options), number);

	return UINT64_C(1) << (row ? (size_t)(row - options) : ARRAY_LEN(options) - 1);
}

const char *dns_table_option_of_bit(unsigned bit)
{
	return options[bit].name;
}
