package wire

// Version is the release of remora that this tree builds. The npm package, the
// plugin's about export and the command line all report it.
const Version = "0.1.0"

// ABI is the version of the boundary: major and minor. The majors of both
// sides must be equal; a minor only adds, so the smaller one rules.
var ABI = [2]int{1, 0}
