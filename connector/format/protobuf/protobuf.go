package protobuf

import (
	"encoding/base64"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/turgo-io/turgo/connector/format"
)

// Message is a pointer to a generated message type.
type Message[T any] interface {
	*T
	proto.Message
}

// Codec is the codec of messages P. Make it with Of.
type Codec[T any, P Message[T]] struct{}

// Of returns the codec of a generated message type: Of[pb.Payment]() is a codec of *pb.Payment.
func Of[T any, P Message[T]]() *Codec[T, P] { return &Codec[T, P]{} }

// Decode makes *v a new message. A null payload is format.ErrSkip.
func (*Codec[T, P]) Decode(data []byte, v *P) error {
	if data == nil {
		return format.ErrSkip
	}
	m := P(new(T))
	if err := proto.Unmarshal(data, m); err != nil {
		return fmt.Errorf("protobuf: %w", err)
	}
	*v = m
	return nil
}

// Encode appends the message. Nil is format.ErrNull.
func (*Codec[T, P]) Encode(dst []byte, v *P) ([]byte, error) {
	if *v == nil {
		return dst, format.ErrNull
	}
	out, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, *v)
	if err != nil {
		return dst, fmt.Errorf("protobuf: %w", err)
	}
	return out, nil
}

// Schema returns the file that the message is declared in, as a registry takes it in place of its source: the
// FileDescriptorProto in base64.
func (*Codec[T, P]) Schema() (text, kind string) {
	file := protodesc.ToFileDescriptorProto(P(new(T)).ProtoReflect().Descriptor().ParentFile())
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(file)
	if err != nil {
		return "", "PROTOBUF" // cannot be: the descriptor came from a program that was linked
	}
	return base64.StdEncoding.EncodeToString(data), "PROTOBUF"
}

// Index says which message of its file this is, outermost first, as a registry's frame does.
func (*Codec[T, P]) Index() (path []int) {
	for d := protoreflect.Descriptor(P(new(T)).ProtoReflect().Descriptor()); ; d = d.Parent() {
		if _, file := d.(protoreflect.FileDescriptor); file {
			return path
		}
		path = append([]int{d.Index()}, path...)
	}
}

// Reader returns the decoder for any writer's schema: fields carry their numbers with them.
func (c *Codec[T, P]) Reader(string) (format.Decoder[P], error) { return c, nil }
