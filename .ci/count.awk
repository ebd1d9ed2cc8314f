# Reads `go test -json`; prints the output of failed tests, then "PASSED FAILED". Quotes inside Output are
# escaped, so a field's pattern matches no text that a test printed.

function field(name,    s) {
	if (!match($0, "\"" name "\":\"([^\"\\\\]|\\\\.)*\"")) return ""
	return substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
}

function text(    s) {
	s = field("Output")
	gsub(/\\\\/, "\001", s)
	gsub(/\\n/, "\n", s)
	gsub(/\\r/, "", s)
	gsub(/\\t/, "\t", s)
	gsub(/\\"/, "\"", s)
	gsub(/\\u003c/, "<", s)
	gsub(/\\u003e/, ">", s)
	gsub(/\\u0026/, "\\&", s)
	gsub(/\001/, "\\", s)
	return s
}

{
	action = field("Action"); test = field("Test"); package = field("Package")
	if (package == "") package = field("ImportPath")
	key = package " " test
}

action == "output" || action == "build-output" { out[key] = out[key] text() }
action == "pass" && test != "" { passed++ }
action == "pass" || action == "skip" { delete out[key] }
action == "fail" && test != "" { failed++; inPackage[package]++ }
action == "fail" && test == "" && !inPackage[package] { failed++ }
action == "fail" || action == "build-fail" { printf "--- %s\n%s\n", key, out[key]; delete out[key] }

END { printf "%d %d\n", passed, failed }
