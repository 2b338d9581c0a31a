// Command cmd prints the table of operating characteristics, or writes it into
// a document.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/epicurve/epicurve/build/characteristics"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "characteristics:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("characteristics", flag.ContinueOnError)
	histories := flags.Int("histories", characteristics.Histories, "histories of each crash process")
	doc := flags.String("doc", "", "document to write the table into, instead of printing it")
	pictures := flags.String("pictures", "", "folder to draw the pictures into, instead of measuring")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *pictures != "" {
		return characteristics.WritePictures(*pictures)
	}
	if *doc != "" {
		return characteristics.UpdateDoc(ctx, *doc, *histories)
	}
	return characteristics.Run(ctx, stdout, *histories)
}
