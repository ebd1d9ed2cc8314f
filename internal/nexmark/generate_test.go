package nexmark_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/internal/nexmark"
)

// The vectors are those that the peers' generators print.
func TestEvents(t *testing.T) {
	g := nexmark.NewGenerator()
	at := func(n int64) (e nexmark.Event) {
		g.Event(n, &e)
		return e
	}
	require.Equal(t, nexmark.Event{Kind: nexmark.KindPerson, Person: nexmark.Person{
		ID: 1001, Time: 1699999999980, Name: "John Walton", City: "Boise", State: "AZ",
		Email: "xweodcfcqbxpydlbsattfbshrceieyjrxpprqaciwwxyaxswydyxisufkorilzzp",
		Card:  "krhzxyvwfvxvthcqwkluhdbotombhcstyphfjpjhioytizvsldxqwuxygtjrgdcichykewnbbljv",
		Extra: "eflchgytuqdwzqdvjtygslclfctxgbatsthdbuywhudsvcfhevmlfavrencvnufabremdqov",
	}}, at(50))
	require.Equal(t, nexmark.Event{Kind: nexmark.KindAuction, Auction: nexmark.Auction{
		ID: 61002, Seller: 21000, Category: 13, InitialBid: 5892, Reserve: 8494999, Time: 1700000099933, Expires: 1700000100210,
		Item:        "ndasixaojtlwcegippsjlmplairzxuwfyycohhvcorpqdoorpgehmpxteernaspnmfdnx",
		Description: "iexqsxyksaqdxbplywqtzacazluwmhekfambnlhupdrhfneidjce",
		Extra:       "bbrvxxpvenrelljjjlfawddmplhjgqlzttyxmfxabzqcqbcryfjhrarkg",
	}}, at(1_000_003))
	require.Equal(t, nexmark.Event{Kind: nexmark.KindBid, Bid: nexmark.Bid{
		Auction: 600984, Bidder: 200901, Price: 2957, Time: 1700000999938,
		Channel: "Apple", Extra: "zbkzlmljhqenyjyrtoevshmtaksbyasgsywdjohjjbslnhuiqm",
	}}, at(9_999_999))
}

// In every run of fifty there are one person and three auctions; no event is more than 100 ms late.
func TestMix(t *testing.T) {
	g, count := nexmark.NewGenerator(), map[nexmark.Kind]int{}
	var e nexmark.Event
	newest := int64(0)
	for n := range int64(5000) {
		g.Event(n, &e)
		count[e.Kind]++
		at := e.Bid.Time
		switch e.Kind {
		case nexmark.KindPerson:
			at = e.Person.Time
		case nexmark.KindAuction:
			at = e.Auction.Time
			require.Greater(t, e.Auction.Expires, at)
		}
		newest = max(newest, at)
		require.GreaterOrEqual(t, at, newest-100)
	}
	require.Equal(t, map[nexmark.Kind]int{nexmark.KindPerson: 100, nexmark.KindAuction: 300, nexmark.KindBid: 4600}, count)
}

func BenchmarkGenerator(b *testing.B) {
	g := nexmark.NewGenerator()
	var e nexmark.Event
	b.ReportAllocs()
	for n := range int64(b.N) {
		g.Event(n, &e)
	}
}
