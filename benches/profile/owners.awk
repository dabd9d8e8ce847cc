# From `perf script` to a table: who had the cores while the cell `cell` drained. Java has its threads' names, not its own.

{
  period = $NF + 0
  pid = $(NF - 1)
  if (pid == 0) owner = "idle"
  else if (pid == cell) owner = "this cell"
  else if (/^ *postgres/) owner = "Postgres"
  else if (/^ *(tail|perf)/) owner = "perf"
  else if (/^ *pipeline/) owner = "the bench"
  else if (/^ *(source|sink|orion|rdk:|producer)/) owner = "the other cell (or the bench's client)"
  else owner = "Kafka, and others"
  owners[owner] += period
  all += period
}

END {
  printf "\n  %-46s%9s%11s\n", "who had the cores", "share", "seconds"
  for (owner in owners) printf "  %-46s%8.1f%%%11.2f\n", owner, 100 * owners[owner] / all, owners[owner] / 1e9
}
