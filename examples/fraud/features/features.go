package features

import (
	"reflect"
	"strings"

	"github.com/turgo-io/turgo/examples/fraud/payments"
)

// Features is one row of the model's input x, a tensor of float32 with a column
// per tagged field, and the payment that it describes.
type Features struct {
	Payment payments.Payment `onnx:"-"`

	Amount float32 `onnx:"x,0"` // euro

	// Rolling over the card's payments up to this one, itself included; sums
	// and means in euro.
	Count1m  float32 `onnx:"x,1"`
	Sum1m    float32 `onnx:"x,2"`
	Mean1m   float32 `onnx:"x,3"`
	Count1h  float32 `onnx:"x,4"`
	Sum1h    float32 `onnx:"x,5"`
	Mean1h   float32 `onnx:"x,6"`
	Max1h    float32 `onnx:"x,7"`
	Count24h float32 `onnx:"x,8"`
	Sum24h   float32 `onnx:"x,9"`
	Mean24h  float32 `onnx:"x,10"`
	Max24h   float32 `onnx:"x,11"`

	// Since the card's last payment; -1 where there was none or where a place
	// is unknown.
	Gap      float32 `onnx:"x,12"` // seconds
	Distance float32 `onnx:"x,13"` // km
	Speed    float32 `onnx:"x,14"` // km/h that the card would have travelled

	HomeDistance float32 `onnx:"x,15"` // km from where the card is usually used; -1 if unknown

	// Novelty: 1 for what the card was not used with among its latest.
	NewMerchant float32 `onnx:"x,16"`
	NewDevice   float32 `onnx:"x,17"`
	NewCountry  float32 `onnx:"x,18"`
	NewTrade    float32 `onnx:"x,19"`
	DeviceAge   float32 `onnx:"x,20"` // hours since the device was first seen with the card, -1 without a device

	// Against the card's own past, this payment left out.
	Ratio  float32 `onnx:"x,21"` // amount over the mean amount
	Zscore float32 `onnx:"x,22"` // of the logarithm of the amount

	Seen    float32 `onnx:"x,23"` // payments of the card so far
	TinyRun float32 `onnx:"x,24"` // tiny payments online just before, without a long pause
	Hour    float32 `onnx:"x,25"` // of the day, by the sun at the place
	Trade   float32 `onnx:"x,26"` // payments.Category
	Channel float32 `onnx:"x,27"` // payments.Channel

	DeviceCount24h float32 `onnx:"x,28"` // devices first seen with the card within a day
	FarCount       float32 `onnx:"x,29"` // payments in a row far from home, card present

	// Sums that lose half of their weight every half hour, this payment included.
	Strange float32 `onnx:"x,30"` // payments at merchants not seen with the card
	Resale  float32 `onnx:"x,31"` // euro for goods that can be sold again, and cash
}

// Card is the key: the card's token.
func (f Features) Card() uint64 { return f.Payment.CardID }

// Columns are the names of the model's input columns in order.
func Columns() []string {
	var names []string
	for f := range reflect.TypeFor[Features]().Fields() {
		if strings.HasPrefix(f.Tag.Get("onnx"), "x,") {
			names = append(names, f.Name)
		}
	}
	return names
}

// AppendRow appends the model's input columns in order. It is for training and
// tests; a job binds the fields by their tags.
func (f *Features) AppendRow(dst []float32) []float32 {
	v := reflect.ValueOf(f).Elem()
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Float32 {
			dst = append(dst, float32(v.Field(i).Float()))
		}
	}
	return dst
}
