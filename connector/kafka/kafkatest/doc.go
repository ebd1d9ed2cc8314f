// Package kafkatest runs an in-process broker that speaks the Kafka protocol, fills topics fast and reads
// them back, for tests, demonstrations and benchmarks of programs that use Kafka. It needs no service
// and leaves nothing behind; Fill and Read work with a real cluster as well.
//
//	k, err := kafkatest.Start()
//	defer k.Close()
//	err = k.CreateTopic("payments", 4)
//	err = kafkatest.Fill(ctx, k.Brokers(), "payments", records)   // hundreds of thousands a second
//	back, err := kafkatest.Read(ctx, k.Brokers(), "alerts")       // what read_committed shows
//
// The broker keeps everything in memory and is not a measure of a real one's speed or durability. Its
// faults (moved leaders, lost answers, refused requests) are those of kfake, reached by Fake.
//
//	program ──> kafka.Source / kafka.Sink ──TCP on 127.0.0.1──> kfake
package kafkatest
