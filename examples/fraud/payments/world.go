package payments

import "math"

// city is where people live, shop and travel to.
type city struct {
	country  Country
	lat, lon float64
	weight   float64 // share of the cardholders
}

func at(country string, lat, lon, weight float64) city {
	return city{Country{country[0], country[1]}, lat, lon, weight}
}

func cities() []city {
	return []city{
		at("DE", 52.52, 13.40, 6), at("DE", 48.14, 11.58, 4), at("DE", 53.55, 9.99, 3), at("DE", 50.11, 8.68, 3),
		at("FR", 48.86, 2.35, 6), at("FR", 45.76, 4.84, 2), at("FR", 43.30, 5.37, 2), at("ES", 40.42, -3.70, 4),
		at("ES", 41.39, 2.17, 3), at("IT", 41.90, 12.50, 4), at("IT", 45.46, 9.19, 3), at("NL", 52.37, 4.90, 3),
		at("BE", 50.85, 4.35, 2), at("AT", 48.21, 16.37, 2), at("CH", 47.38, 8.54, 2), at("PL", 52.23, 21.01, 3),
		at("CZ", 50.08, 14.44, 2), at("DK", 55.68, 12.57, 1), at("SE", 59.33, 18.07, 1), at("NO", 59.91, 10.75, 1),
		at("FI", 60.17, 24.94, 1), at("PT", 38.72, -9.14, 2), at("IE", 53.35, -6.26, 1), at("GB", 51.51, -0.13, 5),
		at("GB", 53.48, -2.24, 2), at("GR", 37.98, 23.73, 1), at("RO", 44.43, 26.10, 1), at("TR", 41.01, 28.98, 1),
		at("US", 40.71, -74.01, 3), at("US", 34.05, -118.24, 2), at("US", 25.76, -80.19, 1), at("BR", -23.55, -46.63, 1),
		at("MX", 19.43, -99.13, 1), at("ZA", -26.20, 28.05, 1), at("NG", 6.52, 3.38, 0.3), at("AE", 25.20, 55.27, 0.5),
		at("IN", 19.08, 72.88, 0.5), at("TH", 13.76, 100.50, 0.5), at("SG", 1.35, 103.82, 0.5), at("JP", 35.68, 139.69, 1),
		at("AU", -33.87, 151.21, 0.7),
	}
}

// price is how much is spent at a kind of shop: a log-normal amount.
type price struct {
	median float64 // euro
	sigma  float64
	round  int64 // amounts are multiples of so many cents
}

func prices() [numCategories]price {
	return [numCategories]price{
		OtherTrade: {20, 0.6, 1}, Grocery: {26, 0.65, 1}, Fuel: {52, 0.4, 1}, Restaurant: {22, 0.65, 10},
		Travel: {150, 0.9, 1}, Electronics: {85, 0.95, 1}, Fashion: {55, 0.7, 1}, Health: {28, 0.7, 1},
		Entertainment: {14, 0.8, 1}, Services: {35, 0.8, 1}, Cash: {90, 0.55, 1000}, Luxury: {300, 0.8, 100},
		GiftCards: {35, 0.6, 500},
	}
}

// merchant is a shop; its number is its index, 0 is none.
type merchant struct {
	lat, lon float64
	level    float64 // prices compared with others of the trade
	city     uint16
	trade    Category
	online   bool
}

// world is what does not change during a run.
type world struct {
	cities    []city
	homes     []float64 // cumulative weights of the cities
	prices    [numCategories]price
	merchants []merchant
	local     [][]uint32 // by city: the shops where a card is present
	online    []uint32
}

// onlineShare is the part of the merchants that sell over the network.
const onlineShare = 0.2

func newWorld(seed uint64, merchants int) *world {
	r := newRNG(seed, 1)
	w := &world{cities: cities(), prices: prices()}
	for _, c := range w.cities {
		w.homes = append(w.homes, c.weight)
	}
	w.homes = cumulate(w.homes...)
	w.local = make([][]uint32, len(w.cities))
	w.merchants = make([]merchant, 1, merchants+1)
	for range merchants {
		w.open(r)
	}
	return w
}

// open adds one merchant. The first ones make sure that each city has a shop
// and that there is one online.
func (w *world) open(r *rng) {
	id := len(w.merchants)
	m := merchant{city: uint16(r.pick(w.homes)), online: r.chance(onlineShare)}
	if id <= len(w.cities) {
		m.city, m.online = uint16(id-1), false
	}
	m.online = m.online || id == len(w.cities)+1
	c := w.cities[m.city]
	m.lat, m.lon = place(c.lat+0.06*r.norm(), c.lon+0.08*r.norm())
	m.level = math.Exp(0.25 * r.norm())
	m.trade = Category(1 + r.pick(tradeWeights(m.online)))
	if m.online {
		w.online = append(w.online, uint32(id))
	} else {
		w.local[m.city] = append(w.local[m.city], uint32(id))
	}
	w.merchants = append(w.merchants, m)
}

// tradeWeights are cumulative, from Grocery on.
func tradeWeights(online bool) []float64 {
	if online {
		return cumulate(8, 0, 4, 12, 15, 20, 6, 20, 13, 0, 4, 5)
	}
	return cumulate(26, 8, 22, 1, 5, 10, 8, 6, 9, 5, 1.5, 1.5)
}

// place rounds coordinates to a metre, which is how they are written.
func place(lat, lon float64) (float64, float64) {
	lon = math.Mod(lon+540, 360) - 180
	return math.Round(min(max(lat, -90), 90)*1e5) / 1e5, math.Round(lon*1e5) / 1e5
}

// DistanceKm is the great-circle distance (haversine) on a sphere of 6371 km.
func DistanceKm(lat1, lon1, lat2, lon2 float64) float64 {
	const rad = math.Pi / 180
	sLat, sLon := math.Sin((lat2-lat1)*rad/2), math.Sin((lon2-lon1)*rad/2)
	h := sLat*sLat + math.Cos(lat1*rad)*math.Cos(lat2*rad)*sLon*sLon
	return 2 * 6371 * math.Asin(math.Sqrt(min(h, 1)))
}

// far draws a city at least so many kilometres away.
func (w *world) far(r *rng, from uint16, km float64) uint16 {
	for {
		to := uint16(r.intn(len(w.cities)))
		a, b := w.cities[from], w.cities[to]
		if DistanceKm(a.lat, a.lon, b.lat, b.lon) >= km {
			return to
		}
	}
}

// shop draws a local merchant, one of the wanted trades if a few tries find it.
func (w *world) shop(r *rng, in uint16, wanted func(Category) bool) uint32 {
	return draw(r, w.local[in], w, wanted)
}

// site draws an online merchant in the same way.
func (w *world) site(r *rng, wanted func(Category) bool) uint32 {
	return draw(r, w.online, w, wanted)
}

func draw(r *rng, from []uint32, w *world, wanted func(Category) bool) uint32 {
	id := from[r.intn(len(from))]
	for range 12 {
		if wanted == nil || wanted(w.merchants[id].trade) {
			break
		}
		id = from[r.intn(len(from))]
	}
	return id
}

// amount draws what is paid at a merchant, in cents.
func (w *world) amount(r *rng, id uint32, level float64) int64 {
	m := &w.merchants[id]
	p := w.prices[m.trade]
	return rounded(p.median*m.level*level*math.Exp(p.sigma*r.norm()), p.round)
}

// most and least are the bounds of an honest amount, in euro.
const (
	least = 0.5
	most  = 6000
)

func rounded(euro float64, step int64) int64 {
	cents := int64(math.Round(min(max(euro, least), most) * 100))
	return max((cents+step/2)/step, 1) * step
}
