# COPPICE_SANITIZE: every object with ASan and UBSan; run such a build by tools/sanitize.sh.
if(COPPICE_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
