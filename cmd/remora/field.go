package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A field is one property of a form (specification 2025-11-25, client/elicitation:
// strings, numbers, booleans, one or several of a list).
type field struct {
	name     string
	schema   *schema
	required bool
	many     bool     // several of a list
	choices  []choice // what a list offers; nil if it is no list
	types    []string
}

// A choice is one value of a list.
type choice struct {
	value json.RawMessage
	title string
}

func newField(name string, form *schema) *field {
	s := form.Properties[name].resolve(form)
	f := &field{name: name, schema: s, required: slices.Contains(form.Required, name), types: s.types(form)}
	if f.many = slices.Contains(f.types, "array"); f.many {
		f.choices = choicesOf(s.Items.resolve(form))
	} else {
		f.choices = choicesOf(s)
	}
	return f
}

func choicesOf(s *schema) []choice {
	var out []choice
	for i, v := range s.Enum {
		c := choice{value: v}
		if i < len(s.EnumNames) {
			c.title = s.EnumNames[i]
		}
		out = append(out, c)
	}
	for _, alternative := range append(slices.Clone(s.OneOf), s.AnyOf...) {
		if alternative != nil && alternative.Const != nil {
			out = append(out, choice{alternative.Const, alternative.Title})
		}
	}
	return out
}

// plainText is a JSON value as a person writes it: strings without quotes.
func plainText(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// ask asks until there is a value that fits; nil for none.
func (f *field) ask(d dialog, show func(string) string) (any, error) {
	d.Say(f.describe(show))
	prompt := show(oneLine(f.name, 60))
	if f.schema.Default != nil {
		prompt += " [" + show(oneLine(plainText(f.schema.Default), 60)) + "]"
	}
	for {
		line, err := d.Line(prompt + ": ")
		if err != nil {
			return nil, err
		}
		value, problem := f.read(line)
		if problem == "" {
			return value, nil
		}
		d.Say("  " + problem + "\n")
	}
}

func (f *field) describe(show func(string) string) string {
	var b strings.Builder
	title := f.schema.Title
	if title == "" {
		title = f.name
	}
	kind := f.schema.Format
	if kind == "" {
		kind = strings.Join(f.types, " or ")
	}
	switch {
	case f.many:
		kind = "several of a list, by number or value, with commas between"
	case f.choices != nil:
		kind = "one of a list, by number or value"
	case kind == "boolean":
		kind = "yes or no"
	}
	need := "required"
	if !f.required {
		need = "optional, Enter leaves it out"
	}
	if f.schema.Default != nil {
		need = "Enter takes the default"
	}
	fmt.Fprintf(&b, "\n%s (%s; %s)\n", show(oneLine(title, 200)), show(oneLine(kind, 80)), need)
	if f.schema.Description != "" {
		fmt.Fprintln(&b, indent(show(f.schema.Description), "  "))
	}
	for i, c := range f.choices {
		text := plainText(c.value)
		if c.title != "" && c.title != text {
			text += "  " + c.title
		}
		fmt.Fprintf(&b, "  %d  %s\n", i+1, show(oneLine(text, 200)))
	}
	return b.String()
}

// read turns a line into the field's value, nil for none, or says what is wrong
// with it.
func (f *field) read(line string) (value any, problem string) {
	text := strings.TrimSpace(line)
	switch {
	case text == "" && f.schema.Default != nil:
		return f.schema.Default, ""
	case text == "" && !f.required:
		return nil, ""
	case text == "":
		return nil, "this one is required"
	case f.many:
		return f.readMany(text)
	case f.choices != nil:
		return f.pick(text)
	case slices.Contains(f.types, "boolean") && !slices.Contains(f.types, "string"):
		switch strings.ToLower(text) {
		case "y", "yes", "true":
			return true, ""
		case "n", "no", "false":
			return false, ""
		}
		return nil, "yes or no"
	}
	raw, err := typedValue(line, f.types)
	if err != nil {
		return nil, "that is not " + err.(*typeError).wanted()
	}
	switch typeOf(raw) {
	case "string":
		return raw, f.checkString(line)
	case "integer", "number":
		return raw, f.checkNumber(text)
	}
	return raw, ""
}

func (f *field) pick(text string) (any, string) {
	for _, c := range f.choices {
		if plainText(c.value) == text {
			return c.value, ""
		}
	}
	if n, err := strconv.Atoi(text); err == nil && 1 <= n && n <= len(f.choices) {
		return f.choices[n-1].value, ""
	}
	for _, c := range f.choices {
		if strings.EqualFold(c.title, text) {
			return c.value, ""
		}
	}
	return nil, fmt.Sprintf("that is not one of the list; give a number from 1 to %d", len(f.choices))
}

func (f *field) readMany(text string) (any, string) {
	values := []any{}
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		var value any = part
		if f.choices != nil {
			var problem string
			if value, problem = f.pick(part); problem != "" {
				return nil, fmt.Sprintf("%q: %s", oneLine(part, 40), problem)
			}
		}
		values = append(values, value)
	}
	n := float64(len(values))
	switch {
	case f.schema.MinItems != nil && n < *f.schema.MinItems:
		return nil, "at least " + number(*f.schema.MinItems) + " of them"
	case f.schema.MaxItems != nil && n > *f.schema.MaxItems:
		return nil, "at most " + number(*f.schema.MaxItems) + " of them"
	}
	return values, ""
}

func (f *field) checkString(s string) string {
	n := float64(utf8.RuneCountInString(s))
	switch {
	case f.schema.MinLength != nil && n < *f.schema.MinLength:
		return "at least " + number(*f.schema.MinLength) + " characters"
	case f.schema.MaxLength != nil && n > *f.schema.MaxLength:
		return "at most " + number(*f.schema.MaxLength) + " characters"
	}
	switch f.schema.Format {
	case "email":
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
			return "that is not an e-mail address"
		}
	case "uri":
		if u, err := url.Parse(s); err != nil || u.Scheme == "" {
			return "that is not a URI, like https://example.com/"
		}
	case "date":
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return "that is not a date, like 2026-01-31"
		}
	case "date-time":
		if _, err := time.Parse(time.RFC3339, s); err != nil {
			return "that is not a date and time, like 2026-01-31T12:00:00Z"
		}
	}
	return ""
}

func (f *field) checkNumber(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsInf(n, 0):
		return "that number is too large"
	case f.schema.Minimum != nil && n < *f.schema.Minimum:
		return "at least " + number(*f.schema.Minimum)
	case f.schema.Maximum != nil && n > *f.schema.Maximum:
		return "at most " + number(*f.schema.Maximum)
	}
	return ""
}
