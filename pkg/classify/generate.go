package classify

//go:generate go test -run TestMarkdown -update .
