package protobuf_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/format/protobuf"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func message(t testing.TB) *structpb.Struct {
	s, err := structpb.NewStruct(map[string]any{"card": "c1", "amount": 12.5, "tags": []any{"a", true, nil}})
	require.NoError(t, err)
	return s
}

func TestKeepsMessages(t *testing.T) {
	codec := protobuf.Of[structpb.Struct]()
	in := message(t)
	data, err := codec.Encode([]byte("before"), &in)
	require.NoError(t, err)
	require.Equal(t, "before", string(data[:6]))
	again, err := codec.Encode([]byte("before"), &in)
	require.NoError(t, err)
	require.Equal(t, data, again, "deterministic")
	var out *structpb.Struct
	require.NoError(t, codec.Decode(data[6:], &out))
	clear(data) // the bytes are the connector's
	require.True(t, proto.Equal(in, out))

	require.ErrorIs(t, codec.Decode(nil, &out), format.ErrSkip)
	require.NoError(t, codec.Decode([]byte{}, &out), "all fields at their zero value")
	require.Empty(t, out.Fields)
	require.ErrorContains(t, codec.Decode([]byte{0xff}, &out), "protobuf: ")
	out = nil
	_, err = codec.Encode(nil, &out)
	require.ErrorIs(t, err, format.ErrNull)
	bad := wrapperspb.String("\xff")
	_, err = protobuf.Of[wrapperspb.StringValue]().Encode(nil, &bad)
	require.ErrorContains(t, err, "UTF-8")
}

func TestSchemaAndIndex(t *testing.T) {
	text, kind := protobuf.Of[wrapperspb.StringValue]().Schema()
	require.Equal(t, "PROTOBUF", kind)
	data, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	var file descriptorpb.FileDescriptorProto
	require.NoError(t, proto.Unmarshal(data, &file))
	index := protobuf.Of[wrapperspb.StringValue]().Index()
	require.Len(t, index, 1)
	require.Equal(t, "StringValue", file.MessageType[index[0]].GetName())

	nested := protobuf.Of[descriptorpb.DescriptorProto_ReservedRange]().Index()
	require.Len(t, nested, 2)
	outer := descriptorpb.File_google_protobuf_descriptor_proto.Messages().Get(nested[0])
	require.EqualValues(t, "DescriptorProto", outer.Name())
	require.EqualValues(t, "ReservedRange", outer.Messages().Get(nested[1]).Name())
	d, err := protobuf.Of[wrapperspb.StringValue]().Reader("whatever")
	require.NoError(t, err)
	var v *wrapperspb.StringValue
	require.NoError(t, d.Decode([]byte{10, 1, 'x'}, &v))
	require.Equal(t, "x", v.Value)
}

func FuzzDecode(f *testing.F) {
	codec := protobuf.Of[structpb.Struct]()
	in := message(f)
	data, err := codec.Encode(nil, &in)
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		var v *structpb.Struct
		if codec.Decode(data, &v) != nil {
			return
		}
		_, err := codec.Encode(nil, &v)
		require.NoError(t, err)
	})
}
