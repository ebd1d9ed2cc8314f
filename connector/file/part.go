package file

const pendingSuffix = ".pending"
