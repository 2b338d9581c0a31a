// Package otlp is the wire form of the archive's input: crash records and
// exposure as OpenTelemetry log records, in an OTLP ExportLogsServiceRequest.
//
// One log record is one crash (event name [EventCrash]) or one slot of exposure
// (event name [EventExposure]). Its attributes are named as [crash.Fields];
// addresses are hex text, because OTLP integers are signed. Attributes that
// describe the machine may stand on the resource instead: a log record's own
// attribute wins over the resource's. So any OpenTelemetry Collector can stand
// between an exporter and the archive, or send failures of its own.
//
// [UnmarshalProto] and [UnmarshalJSON] take input from strangers: every log
// record that can't be stored is refused by itself, with the reason, and the
// others are kept.
//
// The package uses the collector's pdata without its gRPC parts, so that the
// exporter stays small.
package otlp
