BvariableJO57¾CH?mâ1?
˜!>¹óR>^y¾