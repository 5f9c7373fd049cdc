package cli

import (
	"fmt"
	"strings"
)

// Reference is all commands with their help and options, as Markdown: what `?` shows, on one page.
func Reference() string {
	var b strings.Builder
	for _, n := range root.next {
		n.reference(&b, "", false)
	}
	return b.String()
}

// reference writes the commands that begin with a node.
func (n *node) reference(b *strings.Builder, before string, privileged bool) {
	text := before + n.text
	privileged = privileged || n.privileged
	if n.run != nil {
		fmt.Fprintf(b, "### `%s`\n\n%s.", text, strings.TrimSuffix(n.help, "."))
		if privileged {
			b.WriteString(" Only behind `enable`.")
		}
		if n.pipe {
			b.WriteString(" The output may be filtered.")
		}
		b.WriteString("\n\n")
		if optionReference(b, n.options, ""); len(n.options) > 0 {
			b.WriteString("\n")
		}
	}
	for _, m := range n.next {
		m.reference(b, text+" ", privileged)
	}
}

func optionReference(b *strings.Builder, options []*option, indent string) {
	for _, o := range options {
		words, help := o.text, o.help
		if o.value != nil {
			var shown []string
			for _, r := range o.value.shown {
				shown = append(shown, r.text)
			}
			if words = strings.TrimSpace(words + " " + strings.Join(shown, "|")); help == "" {
				help = o.value.shown[0].help
			}
		}
		if o.privileged {
			help += ". Only behind `enable`"
		}
		fmt.Fprintf(b, "%s- `%s`: %s\n", indent, words, help)
		optionReference(b, o.next, indent+"  ")
	}
}
