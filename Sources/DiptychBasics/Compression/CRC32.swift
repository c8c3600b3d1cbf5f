internal import CZlib

/// The checksum of zip entries, gzip members and PNG chunks: CRC-32 of ISO 3309, reflected polynomial 0xEDB88320.
package enum CRC32 {
    /// The checksum of `bytes`.
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
    }
}
