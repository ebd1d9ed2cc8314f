package avro_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/connector/format/avro"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type payment struct {
	Card   string            `avro:"card"`
	Amount float64           `avro:"amount"`
	Count  int64             `avro:"count"`
	Note   *string           `avro:"note"`
	Tags   []string          `avro:"tags"`
	More   map[string][]byte `avro:"more"`
}

const schema = `{"type":"record","name":"Payment","fields":[
	{"name":"card","type":"string"},{"name":"amount","type":"double"},{"name":"count","type":"long"},
	{"name":"note","type":["null","string"],"default":null},
	{"name":"tags","type":{"type":"array","items":"string"},"default":[]},
	{"name":"more","type":{"type":"map","values":"bytes"},"default":{}}]}`

func TestKeepsValues(t *testing.T) {
	codec := avro.Of[payment](schema)
	require.NoError(t, format.Check(codec))
	rapid.Check(t, func(t *rapid.T) {
		in := payment{
			Card: rapid.String().Draw(t, "card"), Amount: rapid.Float64().Draw(t, "amount"), Count: rapid.Int64().Draw(t, "count"),
			Tags: rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "tags"), More: map[string][]byte{"k": rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "more")},
		}
		if s := rapid.String().Draw(t, "note"); s != "" {
			in.Note = &s
		}
		data, err := codec.Encode([]byte("before"), &in)
		require.NoError(t, err)
		require.Equal(t, "before", string(data[:6]))
		var out payment
		require.NoError(t, codec.Decode(data[6:], &out))
		clear(data) // the bytes are the connector's
		require.Equal(t, in, out)
	})
	require.ErrorIs(t, codec.Decode(nil, new(payment)), format.ErrSkip)
}

func TestBadPayloads(t *testing.T) {
	codec := avro.Of[payment](schema)
	data, err := codec.Encode(nil, &payment{Card: "c", Tags: []string{"a"}, More: map[string][]byte{"k": []byte("v")}})
	require.NoError(t, err)
	for n := range data {
		require.Error(t, codec.Decode(data[:n:n], new(payment)), "cut at %d of %d", n, len(data))
	}
	require.ErrorContains(t, codec.Decode(append(data, 0), new(payment)), "bytes behind the datum")
	require.Error(t, codec.Decode([]byte{0xfe, 0xff, 0xff, 0xff, 0x0f}, new(payment)), "a string of gigabytes")
	require.NoError(t, codec.Decode(data, new(payment)), "a reader is good after an error")
}

func TestFaultsOfTheSchema(t *testing.T) {
	codec := avro.Of[payment](`{"type":"recor"}`)
	require.ErrorIs(t, format.Check(codec), avro.ErrSchema)
	_, err := codec.Encode(nil, new(payment))
	require.ErrorIs(t, err, avro.ErrSchema)
	require.ErrorIs(t, codec.Decode([]byte{0}, new(payment)), avro.ErrSchema)
	_, err = codec.Reader(schema)
	require.ErrorIs(t, err, avro.ErrSchema)
	_, err = avro.Of[payment](schema).Reader("nothing")
	require.ErrorIs(t, err, avro.ErrSchema)
	_, err = avro.Of[payment](schema).Reader(`"int"`)
	require.ErrorIs(t, err, avro.ErrSchema)
}

// What an older writer wrote is read: fields in another order, a narrower number, one gone, three not there yet.
func TestReadsOtherWriters(t *testing.T) {
	type before struct {
		Gone   string `avro:"gone"`
		Count  int32  `avro:"count"`
		Card   string `avro:"card"`
		Amount int64  `avro:"amount"`
	}
	const old = `{"type":"record","name":"Payment","fields":[
		{"name":"gone","type":"string"},{"name":"count","type":"int"},{"name":"card","type":"string"},{"name":"amount","type":"long"}]}`
	data, err := avro.Of[before](old).Encode(nil, &before{"x", 7, "c1", 12})
	require.NoError(t, err)
	d, err := avro.Of[payment](schema).Reader(old)
	require.NoError(t, err)
	var got payment
	require.NoError(t, d.Decode(data, &got))
	require.Equal(t, "c1", got.Card)
	require.EqualValues(t, 12, got.Amount)
	require.EqualValues(t, 7, got.Count)
	require.Nil(t, got.Note)
}

func FuzzDecode(f *testing.F) {
	codec := avro.Of[payment](schema)
	data, err := codec.Encode(nil, &payment{Card: "c", Tags: []string{"a"}})
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte{2, 'c'})
	f.Fuzz(func(t *testing.T, data []byte) {
		var v payment
		in := format.NewInput(codec)
		if in.Decode(nil, data, &v) != nil {
			return
		}
		_, err := codec.Encode(nil, &v)
		require.NoError(t, err)
	})
}
