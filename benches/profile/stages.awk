# From `perf script` to a table: what a cell did with its part of the cores, for each of `count` commands.
#
# A sample belongs to the first stage of STAGES whose pattern is anywhere in its stack, so the order matters: what is
# deep comes first. A sample is worth its period, nanoseconds of one core.

BEGIN {
  stage("source", "Decoder::command", "source: decode a command")
  stage("source", "Decoder::event", "source: decode an event")
  stage("source", "Records::(add|digest)|sha2::", "source: check the digest")
  stage("source", "Assembly::poll|Assembly::record", "source: assemble the epoch")
  stage("source", "rd_kafka_consumer_poll|rd_kafka_consume|rdkafka::.*poll|rd_kafka_q_", "source: take a record from the client")
  stage("source", "rd_kafka_message_headers|rdkafka::message|kafka::header", "source: headers, and giving the record back")
  stage("source", ".", "source: the rest (queue, epochs, drop)")
  stage("orion", "Fingerprint::of", "ledger: fingerprint")
  stage("orion", "CommandId::derive", "ledger: command id")
  stage("orion", "Ledger::apply", "ledger: decide, pin, publish")
  stage("orion", ".", "ledger: the rest (timely, drop)")
  stage("sink", "Encoder::event", "sink: encode")
  stage("sink", "Records::(add|digest)|sha2::", "sink: digest")
  stage("sink", "rd_kafka_producev|BaseProducer|OwnedHeaders|rd_kafka_header", "sink: hand to the client")
  stage("sink", "Sink::commit", "sink: commit")
  stage("sink", "Rows::add", "sink: rows")
  stage("sink", "sqlx|tokio", "sink: bind, send and wait (sqlx)")
  stage("sink", ".", "sink: the rest (keys, partitions, drop)")
  stage("rdk:", "[Pp]roduce|msgset_writer|LZ4_compress", "client: batch, compress, send")
  stage("rdk:", "[Ff]etch|msgset_reader|LZ4_decompress", "client: fetch, decompress")
  stage("rdk:", ".", "client: the rest (sockets, queues)")
  stage("producer", ".", "client: delivery reports")
  stage("", ".", "other threads")
}

function stage(thread, pattern, name) {
  threads[++stages] = thread
  patterns[stages] = pattern
  names[stages] = name
}

function finish(   i) {
  if (!open) return
  open = 0
  total += period
  for (i = 1; i <= stages; i++)
    if (index(comm, threads[i]) == 1 && (patterns[i] == "." || stack ~ patterns[i])) {
      took[i] += period
      return
    }
}

# A sample: "comm pid period:", where a comm may hold spaces.
/^[^\t ].* [0-9]+ +[0-9]+:? *$/ {
  finish()
  open = 1
  period = $NF + 0
  comm = $0
  sub(/ +[0-9]+ +[0-9]+:? *$/, "", comm)
  stack = ""
  next
}
/^[ \t]+[0-9a-f]+ / { stack = stack "\n" $0 }

END {
  finish()
  printf "\n  %-46s%9s%11s\n", "what the cell did with its part", "share", "us each"
  for (i = 1; i <= stages; i++)
    if (took[i]) printf "  %-46s%8.1f%%%11.2f\n", names[i], 100 * took[i] / total, took[i] / 1e3 / count
  printf "  %-46s%8.1f%%%11.2f\n", "together", 100, total / 1e3 / count
}
