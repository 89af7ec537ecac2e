package main

// From the plugin's bytes to machine code.

const (
	goCompile      = "go/compile"
	goCompilePlain = "go/compile-plain"
)

var compileWorks = []work{{
	name: "compile", title: "compiling the plugin", clients: []string{goCompile, goCompilePlain}, maxRounds: 3,
	team: afresh(started),
}}
