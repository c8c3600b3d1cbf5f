/// A hash of 128 bits that is the same on every machine: MurmurHash3 in its 64-bit form (x64_128, Austin Appleby, public
/// domain), with a seed of 32 bits. It tells contents apart, and keeps no secret.
package struct ContentHash: Hashable, Sendable {
    package let low: UInt64
    package let high: UInt64

    package init(_ bytes: some Collection<UInt8>, seed: UInt32 = 0) {
        self =
            bytes.withContiguousStorageIfAvailable { ContentHash(buffer: $0, seed: seed) }
            ?? Array(bytes).withUnsafeBufferPointer { ContentHash(buffer: $0, seed: seed) }
    }

    private init(buffer: UnsafeBufferPointer<UInt8>, seed: UInt32) {
        let (first, second): (UInt64, UInt64) = (0x87C3_7B91_1142_53D5, 0x4CF5_AD43_2745_937F)
        var (low, high) = (UInt64(seed), UInt64(seed))
        func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }
        let raw = UnsafeRawBufferPointer(buffer)
        let blocks = raw.count / 16
        for block in 0..<blocks {
            let one = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: block * 16, as: UInt64.self))
            let two = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: block * 16 + 8, as: UInt64.self))
            low ^= rotated(one &* first, 31) &* second
            low = (rotated(low, 27) &+ high) &* 5 &+ 0x52DC_E729
            high ^= rotated(two &* second, 33) &* first
            high = (rotated(high, 31) &+ low) &* 5 &+ 0x3849_5AB5
        }
        var (one, two): (UInt64, UInt64) = (0, 0)
        for (place, byte) in raw[(blocks * 16)...].enumerated() {
            if place < 8 {
                one |= UInt64(byte) << UInt64(8 * place)
            } else {
                two |= UInt64(byte) << UInt64(8 * (place - 8))
            }
        }
        high ^= rotated(two &* second, 33) &* first
        low ^= rotated(one &* first, 31) &* second
        low ^= UInt64(raw.count)
        high ^= UInt64(raw.count)
        low &+= high
        high &+= low
        func mixed(_ value: UInt64) -> UInt64 {
            var value = value
            value = (value ^ value >> 33) &* 0xFF51_AFD7_ED55_8CCD
            value = (value ^ value >> 33) &* 0xC4CE_B9FE_1A85_EC53
            return value ^ value >> 33
        }
        (low, high) = (mixed(low), mixed(high))
        low &+= high
        high &+= low
        (self.low, self.high) = (low, high)
    }
}
