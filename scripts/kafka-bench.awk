# Makes a table of the output of `go test -bench` of connector/kafka: for each case and client the median of its runs.
function median(list, n,   i, j, v, a) {
  n = split(list, a, " ")
  for (i = 2; i <= n; i++) {
    v = a[i] + 0
    for (j = i - 1; j > 0 && a[j] + 0 > v; j--) a[j + 1] = a[j]
    a[j + 1] = v
  }
  return a[int((n + 1) / 2)] + 0
}
/^Benchmark/ {
  name = $1
  sub(/^Benchmark/, "", name)
  sub(/-[0-9]+$/, "", name)
  at = match(name, /\/[^\/]*$/)
  test = substr(name, 1, at - 1)
  client = substr(name, at + 1)
  if (!(test in tests)) { tests[test] = 1; order[++count] = test }
  if (!((test, client) in cpu)) clients[test] = clients[test] " " client
  for (i = 3; i < NF; i += 2) {
    if ($(i + 1) == "krec/s") rate[test, client] = rate[test, client] " " $i
    if ($(i + 1) == "cpu-ns/op") cpu[test, client] = cpu[test, client] " " $i
    if ($(i + 1) == "commit-ms") commit[test, client] = commit[test, client] " " $i
  }
}
END {
  print "| | client | records/s | client CPU a record | Turgo is better by (records/s, CPU) | commit |"
  print "|---|---|---|---|---|---|"
  for (i = 1; i <= count; i++) {
    test = order[i]
    n = split(clients[test], list, " ")
    for (j = 1; j <= n; j++) {
      c = list[j]
      r = median(rate[test, c]); u = median(cpu[test, c])
      better = c ~ /^turgo/ ? "" : sprintf("%.1f×, %.1f×", median(rate[test, "turgo"]) / r, u / median(cpu[test, "turgo"]))
      printf "| %s | %s | %d k | %.2f µs | %s | %s |\n", j == 1 ? test : "", c, r, u / 1000, better, (test, c) in commit ? sprintf("%.0f ms", median(commit[test, c])) : ""
    }
  }
}
