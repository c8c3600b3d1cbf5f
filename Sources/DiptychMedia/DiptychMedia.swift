internal import CVips
func probe() -> Int32 { vips_init("x") }
