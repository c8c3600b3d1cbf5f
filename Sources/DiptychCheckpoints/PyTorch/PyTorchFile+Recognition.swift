/// Telling PyTorch's files from others by their first bytes, whatever they are called.
extension PyTorchFile {
    /// Whether `file` starts like a zip archive.
    ///
    /// - Throws: ``CheckpointError`` when it starts like an older kind of PyTorch file, which is not read.
    static func recognises(_ file: MappedFile) throws -> Bool {
        let bytes = file.bytes
        // A safetensors header of 640 bytes starts like a pickle; the brace of its JSON tells them apart.
        if bytes.count > 8, bytes[8] == UInt8(ascii: "{") { return false }
        if bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6]) { return true }
        let isPickle = bytes.count > 2 && bytes[0] == 0x80 && (2...5).contains(bytes[1])
        let isTape = bytes.count > 262 && bytes[257..<262].elementsEqual("ustar".utf8)
        guard isPickle || isTape else { return false }
        throw CheckpointError(
            .unsupported, path: file.path,
            "was written in the format from before PyTorch 1.6 (a bare \(isPickle ? "pickle" : "tar file")), which is not "
                + "read; convert it with torch.save(torch.load(OLD, weights_only=True), NEW)")
    }
}
