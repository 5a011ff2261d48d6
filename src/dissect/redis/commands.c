// SPDX-License-Identifier: Apache-2.0
/*
 * The commands of Redis 7, with those that 7.2 and later added: facts as the server's own COMMAND
 * tells them. Only names of this table are ever shown, and only arguments that it calls a key.
 */
#include "dissect/redis/commands.h"

/* Names behind a blank are subcommands. R(name, arity, first key, last key, step, number of keys,
 * flags): places of arguments, the command itself at 0; a last one below 0 counts from the end. */
#define R(s, arity, first, last, step, number, flags)                                              \
	{                                                                                          \
		s, sizeof(s) - 1, arity, first, last, step, number, flags                          \
	}
#define N(s, arity)        R(s, arity, 0, 0, 0, 0, 0)
#define K(s, arity)        R(s, arity, 1, 1, 1, 0, 0)
#define F(s, arity, flags) R(s, arity, 0, 0, 0, 0, flags)
#define SUBS               COMMAND_SUBS
#define STREAMS            COMMAND_STREAMS
#define CONFIRMED          COMMAND_CONFIRMED
#define SUBSCRIBED         COMMAND_SUBSCRIBED
#define RESET              COMMAND_RESET
#define MONITOR            COMMAND_MONITOR
#define SYNC               COMMAND_SYNC
#define REPLY              COMMAND_REPLY
#define SHARED             COMMAND_SHARED

// clang-format off
static const struct redis_command commands[] = {
	F("ACL", -2, SUBS), N("ACL CAT", -2), N("ACL DELUSER", -3), N("ACL DRYRUN", -4),
	N("ACL GENPASS", -2), N("ACL GETUSER", 3), N("ACL HELP", 2), N("ACL LIST", 2),
	N("ACL LOAD", 2), N("ACL LOG", -2), N("ACL SAVE", 2), N("ACL SETUSER", -3),
	N("ACL USERS", 2), N("ACL WHOAMI", 2), K("APPEND", 3), N("ASKING", 1),
	F("AUTH", -2, SHARED), N("BGREWRITEAOF", 1), N("BGSAVE", -1), K("BITCOUNT", -2),
	K("BITFIELD", -2), K("BITFIELD_RO", -2), R("BITOP", -4, 2, -1, 1, 0, 0), K("BITPOS", -3),
	R("BLMOVE", 6, 1, 2, 1, 0, 0), R("BLMPOP", -5, 0, 0, 0, 2, 0),
	R("BLPOP", -3, 1, -2, 1, 0, 0), R("BRPOP", -3, 1, -2, 1, 0, 0),
	R("BRPOPLPUSH", 4, 1, 2, 1, 0, 0), R("BZMPOP", -5, 0, 0, 0, 2, 0),
	R("BZPOPMAX", -3, 1, -2, 1, 0, 0), R("BZPOPMIN", -3, 1, -2, 1, 0, 0), F("CLIENT", -2, SUBS),
	N("CLIENT CACHING", 3), N("CLIENT GETNAME", 2), N("CLIENT GETREDIR", 2),
	N("CLIENT HELP", 2), N("CLIENT ID", 2), N("CLIENT INFO", 2), N("CLIENT KILL", -3),
	N("CLIENT LIST", -2), N("CLIENT NO-EVICT", 3), N("CLIENT NO-TOUCH", 3),
	N("CLIENT PAUSE", -3), F("CLIENT REPLY", 3, REPLY), N("CLIENT SETINFO", 4),
	N("CLIENT SETNAME", 3), N("CLIENT TRACKING", -3), N("CLIENT TRACKINGINFO", 2),
	N("CLIENT UNBLOCK", -3), N("CLIENT UNPAUSE", 2), F("CLUSTER", -2, SUBS),
	N("CLUSTER ADDSLOTS", -3), N("CLUSTER ADDSLOTSRANGE", -4), N("CLUSTER BUMPEPOCH", 2),
	N("CLUSTER COUNT-FAILURE-REPORTS", 3), N("CLUSTER COUNTKEYSINSLOT", 3),
	N("CLUSTER DELSLOTS", -3), N("CLUSTER DELSLOTSRANGE", -4), N("CLUSTER FAILOVER", -2),
	N("CLUSTER FLUSHSLOTS", 2), N("CLUSTER FORGET", 3), N("CLUSTER GETKEYSINSLOT", 4),
	N("CLUSTER HELP", 2), N("CLUSTER INFO", 2), N("CLUSTER KEYSLOT", 3), N("CLUSTER LINKS", 2),
	N("CLUSTER MEET", -4), N("CLUSTER MYID", 2), N("CLUSTER MYSHARDID", 2),
	N("CLUSTER NODES", 2), N("CLUSTER REPLICAS", 3), N("CLUSTER REPLICATE", 3),
	N("CLUSTER RESET", -2), N("CLUSTER SAVECONFIG", 2), N("CLUSTER SET-CONFIG-EPOCH", 3),
	N("CLUSTER SETSLOT", -4), N("CLUSTER SHARDS", 2), N("CLUSTER SLAVES", 3),
	N("CLUSTER SLOTS", 2), F("COMMAND", -1, SUBS), N("COMMAND COUNT", 2), N("COMMAND DOCS", -2),
	N("COMMAND GETKEYS", -4), N("COMMAND GETKEYSANDFLAGS", -4), N("COMMAND HELP", 2),
	N("COMMAND INFO", -2), N("COMMAND LIST", -2), F("CONFIG", -2, SUBS), N("CONFIG GET", -3),
	N("CONFIG HELP", 2), N("CONFIG RESETSTAT", 2), N("CONFIG REWRITE", 2), N("CONFIG SET", -4),
	R("COPY", -3, 1, 2, 1, 0, 0), N("DBSIZE", 1), N("DEBUG", -2), K("DECR", 2), K("DECRBY", 3),
	R("DEL", -2, 1, -1, 1, 0, 0), N("DISCARD", 1), K("DUMP", 2), N("ECHO", 2),
	R("EVAL", -3, 0, 0, 0, 2, 0), R("EVALSHA", -3, 0, 0, 0, 2, 0),
	R("EVALSHA_RO", -3, 0, 0, 0, 2, 0), R("EVAL_RO", -3, 0, 0, 0, 2, 0), N("EXEC", 1),
	R("EXISTS", -2, 1, -1, 1, 0, 0), K("EXPIRE", -3), K("EXPIREAT", -3), K("EXPIRETIME", 2),
	N("FAILOVER", -1), R("FCALL", -3, 0, 0, 0, 2, 0), R("FCALL_RO", -3, 0, 0, 0, 2, 0),
	N("FLUSHALL", -1), N("FLUSHDB", -1), F("FUNCTION", -2, SUBS), N("FUNCTION DELETE", 3),
	N("FUNCTION DUMP", 2), N("FUNCTION FLUSH", -2), N("FUNCTION HELP", 2),
	N("FUNCTION KILL", 2), N("FUNCTION LIST", -2), N("FUNCTION LOAD", -3),
	N("FUNCTION RESTORE", -3), N("FUNCTION STATS", 2), K("GEOADD", -5), K("GEODIST", -4),
	K("GEOHASH", -2), K("GEOPOS", -2), K("GEORADIUS", -6), K("GEORADIUSBYMEMBER", -5),
	K("GEORADIUSBYMEMBER_RO", -5), K("GEORADIUS_RO", -6), K("GEOSEARCH", -7),
	R("GEOSEARCHSTORE", -8, 1, 2, 1, 0, 0), K("GET", 2), K("GETBIT", 3), K("GETDEL", 2),
	K("GETEX", -2), K("GETRANGE", 4), K("GETSET", 3), K("HDEL", -3), F("HELLO", -1, SHARED),
	K("HEXISTS", 3), K("HEXPIRE", -6), K("HEXPIREAT", -6), K("HEXPIRETIME", -5), K("HGET", 3),
	K("HGETALL", 2), K("HGETDEL", -5), K("HGETEX", -5), K("HINCRBY", 4), K("HINCRBYFLOAT", 4),
	K("HKEYS", 2), K("HLEN", 2), K("HMGET", -3), K("HMSET", -4), K("HPERSIST", -5),
	K("HPEXPIRE", -6), K("HPEXPIREAT", -6), K("HPEXPIRETIME", -5), K("HPTTL", -5),
	K("HRANDFIELD", -2), K("HSCAN", -3), K("HSET", -4), K("HSETEX", -6), K("HSETNX", 4),
	K("HSTRLEN", 3), K("HTTL", -5), K("HVALS", 2), K("INCR", 2), K("INCRBY", 3),
	K("INCRBYFLOAT", 3), F("INFO", -1, SHARED), N("KEYS", 2), N("LASTSAVE", 1),
	F("LATENCY", -2, SUBS), N("LATENCY DOCTOR", 2), N("LATENCY GRAPH", 3), N("LATENCY HELP", 2),
	N("LATENCY HISTOGRAM", -2), N("LATENCY HISTORY", 3), N("LATENCY LATEST", 2),
	N("LATENCY RESET", -2), R("LCS", -3, 1, 2, 1, 0, 0), K("LINDEX", 3), K("LINSERT", 5),
	K("LLEN", 2), R("LMOVE", 5, 1, 2, 1, 0, 0), R("LMPOP", -4, 0, 0, 0, 1, 0), N("LOLWUT", -1),
	K("LPOP", -2), K("LPOS", -3), K("LPUSH", -3), K("LPUSHX", -3), K("LRANGE", 4), K("LREM", 4),
	K("LSET", 4), K("LTRIM", 4), F("MEMORY", -2, SUBS), N("MEMORY DOCTOR", 2),
	N("MEMORY HELP", 2), N("MEMORY MALLOC-STATS", 2), N("MEMORY PURGE", 2),
	N("MEMORY STATS", 2), R("MEMORY USAGE", -3, 2, 2, 1, 0, 0), R("MGET", -2, 1, -1, 1, 0, 0),
	R("MIGRATE", -6, 3, 3, 1, 0, 0), F("MODULE", -2, SUBS), N("MODULE HELP", 2),
	N("MODULE LIST", 2), N("MODULE LOAD", -3), N("MODULE LOADEX", -3), N("MODULE UNLOAD", 3),
	F("MONITOR", 1, MONITOR | SHARED), K("MOVE", 3), R("MSET", -3, 1, -1, 2, 0, 0),
	R("MSETNX", -3, 1, -1, 2, 0, 0), N("MULTI", 1), F("OBJECT", -2, SUBS),
	R("OBJECT ENCODING", 3, 2, 2, 1, 0, 0), R("OBJECT FREQ", 3, 2, 2, 1, 0, 0),
	N("OBJECT HELP", 2), R("OBJECT IDLETIME", 3, 2, 2, 1, 0, 0),
	R("OBJECT REFCOUNT", 3, 2, 2, 1, 0, 0), K("PERSIST", 2), K("PEXPIRE", -3),
	K("PEXPIREAT", -3), K("PEXPIRETIME", 2), K("PFADD", -2), R("PFCOUNT", -2, 1, -1, 1, 0, 0),
	R("PFDEBUG", 3, 2, 2, 1, 0, 0), R("PFMERGE", -2, 1, -1, 1, 0, 0), N("PFSELFTEST", 1),
	F("PING", -1, SUBSCRIBED | SHARED), K("PSETEX", 4), F("PSUBSCRIBE", -2, CONFIRMED),
	F("PSYNC", -3, SYNC), K("PTTL", 2), N("PUBLISH", 3), F("PUBSUB", -2, SUBS),
	N("PUBSUB CHANNELS", -2), N("PUBSUB HELP", 2), N("PUBSUB NUMPAT", 2),
	N("PUBSUB NUMSUB", -2), N("PUBSUB SHARDCHANNELS", -2), N("PUBSUB SHARDNUMSUB", -2),
	F("PUNSUBSCRIBE", -1, CONFIRMED), F("QUIT", -1, SUBSCRIBED | SHARED), N("RANDOMKEY", 1),
	N("READONLY", 1), N("READWRITE", 1), R("RENAME", 3, 1, 2, 1, 0, 0),
	R("RENAMENX", 3, 1, 2, 1, 0, 0), N("REPLCONF", -1), N("REPLICAOF", 3), F("RESET", 1, RESET),
	K("RESTORE", -4), K("RESTORE-ASKING", -4), N("ROLE", 1), K("RPOP", -2),
	R("RPOPLPUSH", 3, 1, 2, 1, 0, 0), K("RPUSH", -3), K("RPUSHX", -3), K("SADD", -3),
	N("SAVE", 1), N("SCAN", -2), K("SCARD", 2), F("SCRIPT", -2, SUBS), N("SCRIPT DEBUG", 3),
	N("SCRIPT EXISTS", -3), N("SCRIPT FLUSH", -2), N("SCRIPT HELP", 2), N("SCRIPT KILL", 2),
	N("SCRIPT LOAD", 3), R("SDIFF", -2, 1, -1, 1, 0, 0), R("SDIFFSTORE", -3, 1, -1, 1, 0, 0),
	N("SELECT", 2), F("SENTINEL", -2, SUBS),
	N("SENTINEL CKQUORUM", 3), N("SENTINEL CONFIG", -4), N("SENTINEL DEBUG", -2),
	N("SENTINEL FAILOVER", 3), N("SENTINEL FLUSHCONFIG", 2),
	N("SENTINEL GET-MASTER-ADDR-BY-NAME", 3), N("SENTINEL INFO-CACHE", -3),
	N("SENTINEL IS-MASTER-DOWN-BY-ADDR", 6), N("SENTINEL MASTER", 3),
	N("SENTINEL MASTERS", 2), N("SENTINEL MONITOR", 6), N("SENTINEL MYID", 2),
	N("SENTINEL PENDING-SCRIPTS", 2), N("SENTINEL REMOVE", 3), N("SENTINEL REPLICAS", 3),
	N("SENTINEL RESET", 3), N("SENTINEL SENTINELS", 3), N("SENTINEL SET", -5),
	N("SENTINEL SIMULATE-FAILURE", -3), N("SENTINEL SLAVES", 3),
	K("SET", -3), K("SETBIT", 4), K("SETEX", 4),
	K("SETNX", 3), K("SETRANGE", 4), N("SHUTDOWN", -1), R("SINTER", -2, 1, -1, 1, 0, 0),
	R("SINTERCARD", -3, 0, 0, 0, 1, 0), R("SINTERSTORE", -3, 1, -1, 1, 0, 0), K("SISMEMBER", 3),
	N("SLAVEOF", 3), F("SLOWLOG", -2, SUBS), N("SLOWLOG GET", -2), N("SLOWLOG HELP", 2),
	N("SLOWLOG LEN", 2), N("SLOWLOG RESET", 2), K("SMEMBERS", 2), K("SMISMEMBER", -3),
	R("SMOVE", 4, 1, 2, 1, 0, 0), K("SORT", -2), K("SORT_RO", -2), K("SPOP", -2),
	N("SPUBLISH", 3), K("SRANDMEMBER", -2), K("SREM", -3), K("SSCAN", -3),
	F("SSUBSCRIBE", -2, CONFIRMED), K("STRLEN", 2), F("SUBSCRIBE", -2, CONFIRMED),
	K("SUBSTR", 4), R("SUNION", -2, 1, -1, 1, 0, 0), R("SUNIONSTORE", -3, 1, -1, 1, 0, 0),
	F("SUNSUBSCRIBE", -1, CONFIRMED), N("SWAPDB", 3), F("SYNC", 1, SYNC), F("TIME", 1, SHARED),
	R("TOUCH", -2, 1, -1, 1, 0, 0), K("TTL", 2), R("TYPE", 2, 1, 1, 1, 0, SHARED),
	R("UNLINK", -2, 1, -1, 1, 0, 0), F("UNSUBSCRIBE", -1, CONFIRMED), N("UNWATCH", 1),
	N("WAIT", 3), N("WAITAOF", 4), R("WATCH", -2, 1, -1, 1, 0, 0), K("XACK", -4), K("XADD", -5),
	K("XAUTOCLAIM", -6), K("XCLAIM", -6), K("XDEL", -3), F("XGROUP", -2, SUBS),
	R("XGROUP CREATE", -5, 2, 2, 1, 0, 0), R("XGROUP CREATECONSUMER", 5, 2, 2, 1, 0, 0),
	R("XGROUP DELCONSUMER", 5, 2, 2, 1, 0, 0), R("XGROUP DESTROY", 4, 2, 2, 1, 0, 0),
	N("XGROUP HELP", 2), R("XGROUP SETID", -5, 2, 2, 1, 0, 0), F("XINFO", -2, SUBS),
	R("XINFO CONSUMERS", 4, 2, 2, 1, 0, 0), R("XINFO GROUPS", 3, 2, 2, 1, 0, 0),
	N("XINFO HELP", 2), R("XINFO STREAM", -3, 2, 2, 1, 0, 0), K("XLEN", 2), K("XPENDING", -3),
	K("XRANGE", -4), F("XREAD", -4, STREAMS), F("XREADGROUP", -7, STREAMS), K("XREVRANGE", -4),
	K("XSETID", -3), K("XTRIM", -4), K("ZADD", -4), K("ZCARD", 2), K("ZCOUNT", 4),
	R("ZDIFF", -3, 0, 0, 0, 1, 0), R("ZDIFFSTORE", -4, 1, 1, 1, 2, 0), K("ZINCRBY", 4),
	R("ZINTER", -3, 0, 0, 0, 1, 0), R("ZINTERCARD", -3, 0, 0, 0, 1, 0),
	R("ZINTERSTORE", -4, 1, 1, 1, 2, 0), K("ZLEXCOUNT", 4), R("ZMPOP", -4, 0, 0, 0, 1, 0),
	K("ZMSCORE", -3), K("ZPOPMAX", -2), K("ZPOPMIN", -2), K("ZRANDMEMBER", -2), K("ZRANGE", -4),
	K("ZRANGEBYLEX", -4), K("ZRANGEBYSCORE", -4), R("ZRANGESTORE", -5, 1, 2, 1, 0, 0),
	K("ZRANK", 3), K("ZREM", -3), K("ZREMRANGEBYLEX", 4), K("ZREMRANGEBYRANK", 4),
	K("ZREMRANGEBYSCORE", 4), K("ZREVRANGE", -4), K("ZREVRANGEBYLEX", -4),
	K("ZREVRANGEBYSCORE", -4), K("ZREVRANK", 3), K("ZSCAN", -3), K("ZSCORE", 3),
	R("ZUNION", -3, 0, 0, 0, 1, 0), R("ZUNIONSTORE", -4, 1, 1, 1, 2, 0),
};
// clang-format on

/* Limit: at least twice the commands, a power of 2. */
#define INDEX_SLOTS 1024
static_assert(2 * ARRAY_LEN(commands) <= INDEX_SLOTS, "the index has room");

/* Capitals with zeroes behind them, as a key of the index; 0 bytes when it cannot be a name. */
struct name {
	char text[REDIS_COMMAND_MAX];
	size_t n;
};

static size_t slot_of(const struct name *name)
{
	return hash_bytes(name->text, name->n, 0) % INDEX_SLOTS;
}

static const uint16_t *index_of_commands(void)
{
	static uint16_t place[INDEX_SLOTS]; /* 1 + place of a command, 0 where there is none */
	static bool made;

	if (likely(made))
		return place;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		struct name name = { .n = commands[i].n };
		size_t at;

		memcpy(name.text, commands[i].name, name.n);
		for (at = slot_of(&name); place[at]; at = (at + 1) % INDEX_SLOTS)
			;
		place[at] = (uint16_t)(i + 1);
	}
	made = true;
	return place;
}

static bool name_add(struct name *name, struct str word)
{
	if (word.n == 0 || word.n > sizeof(name->text) - name->n)
		return false;
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (c <= ' ' || c >= 0x7f)
			return false;
		name->text[name->n++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	return true;
}

static const struct redis_command *find(const struct name *name)
{
	const uint16_t *place = index_of_commands();

	for (size_t at = slot_of(name); place[at]; at = (at + 1) % INDEX_SLOTS) {
		const struct redis_command *c = &commands[place[at] - 1];

		if (c->n == name->n && memcmp(c->name, name->text, c->n) == 0)
			return c;
	}
	return NULL;
}

const struct redis_command *redis_command_find(struct str word)
{
	struct name name;

	name.n = 0;
	return name_add(&name, word) ? find(&name) : NULL;
}

const struct redis_command *redis_subcommand_find(const struct redis_command *of, struct str word)
{
	struct name name;

	memcpy(name.text, of->name, of->n);
	name.n = of->n;
	if (name.n == sizeof(name.text))
		return NULL;
	name.text[name.n++] = ' ';
	return name_add(&name, word) ? find(&name) : NULL;
}

const struct redis_command *redis_command_at(size_t i)
{
	return i < ARRAY_LEN(commands) ? &commands[i] : NULL;
}

/* ---- Codes of errors ------------------------------------------------------------------------- */

/* A script may answer with any word of its own: only these are shown. */
static const char *const errors[] = {
	"ASK",        "BUSY",        "BUSYGROUP", "BUSYKEY",      "CLUSTERDOWN", "CROSSSLOT",
	"DENIED",     "ERR",         "EXECABORT", "IOERR",        "INPROG",      "INVALIDOBJ",
	"LOADING",    "MASTERDOWN",  "MISCONF",   "MOVED",        "NOADDR",      "NOAUTH",
	"NODOWN",     "NOGOODSLAVE", "NOGROUP",   "NOMASTERLINK", "NOPERM",      "NOPROTO",
	"NOREPLICAS", "NOSCRIPT",    "NOTBUSY",   "NOTREADY",     "NOQUORUM",    "OOM",
	"READONLY",   "REDIRECT",    "TRYAGAIN",  "UNBLOCKED",    "UNKILLABLE",  "WRONGPASS",
	"WRONGTYPE",
};

struct str redis_error_code(struct str line)
{
	size_t n = 0;

	while (n < line.n && ((line.p[n] >= 'A' && line.p[n] <= 'Z') || line.p[n] == '_'))
		n++;
	if (n < line.n && line.p[n] != ' ' && line.p[n] != '\r' && line.p[n] != '\n')
		return STR("");
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (str_eq(str_head(line, n), str_of(errors[i])))
			return str_of(errors[i]);
	return STR("");
}
