// Swift's Float16 is missing on some Intel platforms, so the bits are taken apart by hand.
extension Float {
    /// The value of an IEEE 754 half-precision number given by its bits.
    package init(halfBits: UInt16) {
        let mantissa = UInt32(halfBits & 0x3FF)
        let exponent = UInt32(halfBits >> 10 & 0x1F)
        let magnitude: Float =
            switch exponent {
            // Subnormal: the value is mantissa × 2⁻²⁴, exact in single precision.
            case 0: Float(mantissa) * 0x1p-24
            case 31: Float(bitPattern: 0x7F80_0000 | mantissa << 13)
            default: Float(bitPattern: (exponent + 112) << 23 | mantissa << 13)
            }
        self = halfBits & 0x8000 == 0 ? magnitude : -magnitude
    }

    /// The bits of the nearest IEEE 754 half-precision number, ties to the even one; from 65520 on that is infinity.
    package var halfBits: UInt16 {
        let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
        let size = magnitude
        if isNaN { return sign | 0x7E00 }
        if size >= 65520 { return sign | 0x7C00 }
        // Subnormal: a whole number of 2⁻²⁴.
        if size < 0x1p-14 { return sign | UInt16((size * 0x1p24).rounded(.toNearestOrEven)) }
        // A carry of rounding up runs on into the exponent, as it should.
        let rounded = size.bitPattern + 0xFFF + (size.bitPattern >> 13 & 1)
        return sign | UInt16(truncatingIfNeeded: (rounded - (112 << 23)) >> 13)
    }

    /// The bits of the nearest bfloat16 number, ties to the even one.
    package var brainBits: UInt16 {
        if isNaN { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
        // A carry runs on into the exponent, and from the largest number to infinity, as it should.
        let rounded = bitPattern + 0x7FFF + (bitPattern >> 16 & 1)
        return UInt16(truncatingIfNeeded: rounded >> 16)
    }
}
